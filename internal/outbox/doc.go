// Package outbox tells people and programs outside the node that something waits:
// webhooks for programs, mail for people.
//
// Invariants:
//   - nothing that leaves here says what a request or a release holds: a webhook
//     names the entry, its areas and its clock; a mail says that something waits at
//     the desk, until when, and where the desk is;
//   - what the logs brought is queued in one transaction with how far they were
//     read: a crash loses no event and tells none twice; a clock is told once when
//     it nears and once when it has passed;
//   - a delivery is tried until it is accepted or [Options.GiveUp] has passed, and is
//     then kept as dead, with the reason, for people to see; a receiver may see it
//     more than once, and knows it by its webhook-id;
//   - a receiver that is slow or down delays its own deliveries only;
//   - what is sent to a webhook is signed, over https, and follows no redirect.
package outbox
