/** An error as SendCloud reports it: HTTP 200 with `result: false`. */
export interface Refusal {
  readonly statusCode: number
  readonly message: string
}

/** Source: "API Return Code", read 2026-11-27; 50000: "投递回应", note 5. */
const messages = {
  40001: 'start cannot be empty',
  40002: 'invalid start',
  40003: 'limit cannot be empty',
  40004: 'invalid limit',
  40005: 'authentication failed',
  40006: 'invalid days format, it must be an integer greater than zero',
  40007: 'invalid startDate format (e.g. "2013-03-19")',
  40008: 'invalid endDate format (e.g. "2013-03-19")',
  40010: 'apiUserList cannot be empty',
  40011: 'email cannot be empty',
  40012: 'invalid email format',
  40016: 'invalid apiUserList format',
  50000: '接口频率受限',
} as const

export function refusal(statusCode: keyof typeof messages): Refusal {
  return { statusCode, message: messages[statusCode] }
}
