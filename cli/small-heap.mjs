import { setFlagsFromString } from 'node:v8'

// Commands go through large tables and hold little of them: what is garbage is collected soon. Otherwise V8 lets the heap grow to
// several times what is held, as long as the machine has memory: 350 MB for a list of 100,000 rows, where this makes it 140 and
// takes no longer. V8 reads both flags whenever it sizes its heap, and does not shrink what has grown before: so they come first.
setFlagsFromString('--semi-space-growth-factor=1')
setFlagsFromString('--heap-growing-percent=10')
