package pouch

import "errors"

// What can be wrong with a pouch; compare with [errors.Is]. Each says what mends it.
var (
	// ErrFormat: it is no pouch, or breaks the rules of one.
	ErrFormat = errors.New("this is no pouch, or a damaged one: have it made again")
	// ErrSigner: it is not signed by the log key of the node it says it is from.
	ErrSigner = errors.New("the pouch is not signed by the node that it says it is from")
	// ErrMissing: a volume is not there.
	ErrMissing = errors.New("a volume of the pouch is missing: copy all volumes, or name every place where they are")
	// ErrAltered: a volume is not the one that the manifest names.
	ErrAltered = errors.New("a volume of the pouch was altered or cut short: copy it again from where it was made")
	// ErrRecipient: it is for another node.
	ErrRecipient = errors.New("the pouch is for another node")
	// ErrGap: entries are missing between what is held and where the pouch begins.
	ErrGap = errors.New("the pouch begins after what this node holds: import the pouch before it first, or have one made with --since none")
	// ErrUnnamed: it carries a file that no entry names.
	ErrUnnamed = errors.New("the pouch carries a file that no entry names")
	// ErrReadOnly: a node that was restored does not yet know its own logs.
	ErrReadOnly = errors.New("a node restored from a backup makes no pouch until it has the tails of its own logs back")
	// ErrNoKey: the receiving node's sealing key is not known.
	ErrNoKey = errors.New("no sealing key of the receiving node is known: what is shared cannot be sealed to it")
)
