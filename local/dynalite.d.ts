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

declare module 'dynalite/db/conditionParser.js' {
  /** A path, a value, or what is joined. */
  export type Operand = object
  export interface Node {
    readonly type: string
    readonly args: readonly Operand[]
  }
  export interface Parsed {
    readonly expression: Node
  }
  /** What the request says beside the expression; what the expression uses of it is deleted from the unused. */
  export interface Context {
    readonly attrNames?: Readonly<Record<string, string>>
    readonly attrVals?: Readonly<Record<string, object>>
    readonly unusedAttrNames?: Record<string, unknown>
    readonly unusedAttrVals?: Record<string, unknown>
    readonly isKeyCondition?: boolean
  }
  /** Source: dynalite 4.0.0, db/conditionParser.js and validations/index.js. */
  const parser: { parse: (expression: string, options: { readonly context: Context }) => Parsed | string }
  export default parser
}
