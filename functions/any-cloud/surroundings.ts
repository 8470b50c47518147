import type { Runtime } from '../../lib/runtime/runtime.ts'

/** What a cloud gives a function, besides its settings. */
export interface Surroundings<Store> extends Omit<Runtime, 'dynamoDb'> {
  readonly store: (wanted: WantedStore) => Store
}

interface WantedStore {
  /** `TABLE_PREFIX`. */
  readonly deployment: string
  /** The timeout of one attempt of one request. */
  readonly requestTimeoutMs: number
}
