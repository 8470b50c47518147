/** The result of one check of a deployment. */
export interface Check {
  /** What was checked, in a word or two. */
  readonly check: string
  readonly verdict: 'passed' | 'failed' | 'not-checked'
  readonly found: string
  /** What to do about it. */
  readonly advice?: string
}

export function passed(check: string, found: string): Check {
  return { check, verdict: 'passed', found }
}

export function failed(check: string, found: string, advice: string): Check {
  return { check, verdict: 'failed', found, advice }
}

/** Does not apply, or cannot be known from here: that is no failure. */
export function notChecked(check: string, why: string): Check {
  return { check, verdict: 'not-checked', found: why }
}
