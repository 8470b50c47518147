declare module 'dynalite' {
  import type { Server } from 'node:http'

  /** Source: dynalite 4.0.0, README. */
  export default function dynalite(options?: { path?: string; createTableMs?: number; ssl?: boolean }): Server
}

declare module 'dynalite/db/index.js' {
  /** What its actions share, and call by these names. Source: dynalite 4.0.0, db/index.js. */
  const shared: { itemSize: (item: object, ...options: readonly unknown[]) => number }
  export default shared
}
