/** What a function answers, before it has the form of any cloud. */
export interface Response {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** A JSON value; absent for a response without a body. */
  readonly body?: Readonly<Record<string, unknown>>
}

/** A function URL's response: payload format 2.0 of AWS Lambda, and that of Tencent SCF. */
export interface FunctionUrlResult {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export function resultOf(response: Response): FunctionUrlResult {
  const body = response.body === undefined ? '' : JSON.stringify(response.body)
  return { statusCode: response.status, headers: response.headers, body }
}
