declare module 'dynalite' {
  import type { Server } from 'node:http'

  /** Source: dynalite 4.0.0, README. */
  export default function dynalite(options?: { path?: string; createTableMs?: number; ssl?: boolean }): Server
}
