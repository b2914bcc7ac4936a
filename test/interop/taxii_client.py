"""Reads and submits over TAXII 2.1 with the stock client (taxii2-client); prints what it saw as JSON.

usage: taxii_client.py DISCOVERY-URL CA-FILE USER SECRET OBJECTS-FILE
"""
import json
import sys

from taxii2client.v21 import Server, as_pages

url, ca, user, secret, objects_file = sys.argv[1:]
server = Server(url, user=user, password=secret, verify=ca)
root = server.default
received = next(c for c in root.collections if c.can_read)
outgoing = next(c for c in root.collections if c.can_write)

paged = []
pages = 0
for page in as_pages(received.get_objects, per_request=7):
    pages += 1
    paged += [o["id"] for o in page.get("objects", [])]

manifest = []
for page in as_pages(received.get_manifest, per_request=9):
    manifest += [o["id"] for o in page.get("objects", [])]

one = received.get_object(paged[0])["objects"][0]
versions = received.object_versions(paged[0])["versions"]
filtered = received.get_objects(type="identity", version="all", limit=1000)["objects"]

with open(objects_file) as f:
    status = outgoing.add_objects(json.load(f))
again = root.get_status(status.id)

refused = []
for what, call in {
    "unknown": lambda: received.get_object("identity--ffffffff-0000-4000-8000-000000000000"),
    "delete": lambda: received.delete_object(paged[0]),
    "filter": lambda: received.get_objects(version="all,last"),
}.items():
    try:
        call()
    except Exception as e:  # the client has several kinds
        response = getattr(e, "response", None)
        refused.append("%s %s" % (what, response.status_code if response is not None else type(e).__name__))

json.dump({
    "title": server.title, "root": root.title, "pages": pages, "paged": paged, "manifest": manifest, "one": one["id"], "versions": versions,
    "filtered": len(filtered), "status": status.status, "successes": status.success_count, "failures": status.failure_count,
    "again": again.status, "refused": sorted(refused),
}, sys.stdout)
