import type { Delivery, DeliveryKey } from '../core/delivery.ts'
import type { ErasableTables, Tombstones } from '../erase/ports.ts'
import type {
  DeliveryReader,
  DeliveryScanner,
  DeliveryWriter,
  InboundMailReader,
  InboundMailWriter,
  OtherIdReader,
  ProblemReader,
} from '../ledger/ports.ts'
import type { QuarantineGauge, QuarantineStore, QuarantineWriter } from '../quarantine/ports.ts'
import type { DeliveryFinder } from '../query/ports.ts'
import type { LeaseByHand, PendingWriter, RunReader, RunStore } from '../reconcile/ports.ts'
import type {
  SuppressionReader,
  SuppressionRemover,
  SuppressionScanner,
  SuppressionWriter,
} from '../suppressions/ports.ts'

// Everything that is kept, whatever keeps it: each function and command takes the part that it works with.

/** The ids that are written for an index: each only where its index is made. */
export interface IndexedIds {
  /** Headers of the sender's own, whatever their case: the first of them that an event has is its own id of the mail. */
  readonly ownIdHeaders: readonly string[]
  readonly isRfcMessageIdIndexed: boolean
}

/** How long rows stay after their last write. */
interface Retention {
  readonly retentionDays: number
}

/** What callbacks, polls and replays are written with. None of it reads for others. */
export interface WriteStore {
  /** @param options - `indexedIds`: default none. */
  deliveryWriter(options: Retention & { readonly indexedIds?: IndexedIds }): DeliveryWriter & PendingWriter
  suppressionWriter(): SuppressionWriter & SuppressionRemover
  inboundWriter(options: Retention): InboundMailWriter
  /** @param options - `maxBytesPerDay`: of what proves nothing of its sender. Default: that of the store. */
  quarantineWriter(options: Retention & { readonly maxBytesPerDay?: number }): QuarantineWriter
}

/** What the schedule and the commands that repair rows work with. */
export interface ReconcileStore extends WriteStore {
  /** @param most - reads no more rows of one recipient or message; default: all. */
  deliveryReader(most?: MostRows): DeliveryReader
  suppressionBatches(): Pick<SuppressionScanner, 'ofRecipients'>
  quarantineStore(): QuarantineStore
  quarantineGauge(): QuarantineGauge
  /** @param goesOnFrom - the job whose checkpoint it takes over as long as it has none of its own. */
  runStore(job: string, goesOnFrom?: string): RunStore
  leaseByHand(job: string): LeaseByHand
  erasableTables(): ErasableTables
  tombstones(): Tombstones
  /**
   * Removes of each table at most so many rows that have expired, and returns how many those were in all. Absent where the store
   * removes them by itself.
   */
  removeExpired?(mostOfEach: number): Promise<number>
}

/** What questions are answered with. It writes nothing. */
export interface QueryStore {
  deliveryFinder(): DeliveryFinder
  suppressionReader(): SuppressionReader
}

/** All of it, as the commands and the console use it. */
export interface Store extends ReconcileStore, QueryStore {
  readonly kind: StoreKind
  /** Names the deployment's deliveries, suppressions and so on to a person. */
  readonly tables: TableNames
  /** The delivery of this key with all that is kept of it; none if there is none. */
  deliveriesWithKey(key: DeliveryKey): Promise<readonly Delivery[]>
  problemReader(): ProblemReader
  deliveryScanner(size?: PageSize): DeliveryScanner
  otherIdReader(): OtherIdReader
  suppressionScanner(size?: PageSize): SuppressionScanner
  inboundReader(): InboundMailReader
  runReader(job: string): RunReader
  /** The first so many jobs, each as its last run left it. */
  lastRuns(limit: number): Promise<readonly LastRun[]>
  /** Every field of a delivery's row as it is stored, by name; none where there is no row. */
  rawRow(key: DeliveryKey): Promise<readonly RawField[]>
  /** How many deliveries there are and how many bytes they take, as the store counts them now and then. */
  size(): Promise<{ readonly rows: number; readonly bytes: number }>
  /** Where it is. */
  place(): Promise<StorePlace>
  /** Counts from now on what each piece of work reads. */
  readMeter(): ReadMeter
}

type StoreKind = 'dynamodb' | 'postgresql'

/** The tables of one deployment. */
export interface TableNames {
  readonly deliveries: string
  readonly suppressions: string
  readonly inbound: string
  readonly quarantine: string
  readonly reconciliation: string
}

export interface MostRows {
  /** Rows of a recipient, or recipients of a message, that one call reads. Default: all. */
  readonly mostRows?: number
  /** There were more. */
  readonly onCut?: () => void
}

export interface PageSize {
  /** How many rows one page reads. Default: as many as make about a megabyte. */
  readonly rowsInPage?: number | undefined
}

/** A field of a row as it is stored. */
export interface RawField {
  readonly name: string
  /** In the store's own words: `S`, `N`, `SS` and so on of DynamoDB, `text`, `jsonb` and so on of PostgreSQL. */
  readonly type: string
  /** One, or of a set each; what is not text is JSON. */
  readonly values: readonly string[]
}

/** How the last run of a job ended, and whether one is at work. */
export interface LastRun {
  readonly job: string
  readonly endedAtMs?: number
  readonly leaseUntilMs?: number
  /** Its figures by their names; empty where none are stored, or nothing that can be read. */
  readonly figures: ReadonlyMap<string, string>
}

/** Region and account, or host and database; empty where the store does not say. */
interface StorePlace {
  readonly region: string
  readonly account: string
}

/** Counts what each piece of work takes. */
export interface ReadMeter {
  /** Runs the work; `units` has what it has taken so far: read units of DynamoDB, statements of PostgreSQL. */
  measure<T>(work: (units: () => number) => Promise<T>): Promise<T>
}
