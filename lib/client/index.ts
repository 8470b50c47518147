export { isSuppressed, suppressionOf } from './is-suppressed.ts'
export { recordSend } from './record-send.ts'
