import { setFlagsFromString } from 'node:v8'

/**
 * Collects what is garbage soon, for a command that goes through a large table and holds little of it: otherwise V8 lets the heap
 * grow to several times what is held, since the machine has more. It costs no time that shows. V8 reads both flags whenever it
 * sizes its heap, so they take effect while it runs.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--heap-growing-percent=20')
}
