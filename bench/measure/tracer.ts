import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** One function that was entered. */
export interface Entry {
  /** From the project's root. */
  readonly file: string
  readonly name: string
}

/** What a reader has to follow. */
export interface WalkFigures {
  readonly entries: number
  readonly files: number
  /** How often an entry is in another file than the entry before. */
  readonly changes: number
}

const recorder = 'recordFunctionEntry'

/**
 * The source with a call at the beginning of each function that has a body, which records the file and the function's name. Lines
 * stay what they are.
 */
function instrumented(source: string, file: string): string {
  const insertions = functionsOf(parsed(source, file)).flatMap((entered) => insertionsInto(entered, file))
  return insertions
    .toSorted((one, other) => other.at - one.at)
    .reduce((text, { at, inserted }) => text.slice(0, at) + inserted + text.slice(at), source)
}

export function parsed(source: string, file: string): ts.SourceFile {
  return ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true)
}

type Bodied = ts.FunctionLikeDeclaration & { readonly body: ts.ConciseBody }

/** Every function with a body, in the order of the text: declarations, methods, accessors, constructors, arrows. */
export function functionsOf(node: ts.Node): readonly Bodied[] {
  const own = ts.isFunctionLike(node) && 'body' in node && node.body !== undefined ? [node as Bodied] : []
  const inside: Bodied[] = []
  ts.forEachChild(node, (child) => {
    inside.push(...functionsOf(child))
  })
  return [...own, ...inside]
}

function insertionsInto(entered: Bodied, file: string): readonly { at: number; inserted: string }[] {
  const { body } = entered
  const call = `globalThis.${recorder}?.(${JSON.stringify(file)}, ${JSON.stringify(functionName(entered))})`
  if (ts.isBlock(body)) return [{ at: body.getStart() + 1, inserted: `${call};` }]
  return [
    { at: body.getStart(), inserted: `(${call}, ` },
    { at: body.getEnd(), inserted: ')' },
  ]
}

/** The function's own name, that of what it is assigned to, or `outer › called` of one that is handed to a call. */
export function functionName(entered: ts.Node): string {
  const own = ts.isFunctionLike(entered) ? (entered.name?.getText() ?? constructorName(entered)) : undefined
  if (own !== undefined) return own
  const { parent } = entered
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)) return parent.name.getText()
  const outer = ts.findAncestor(parent, ts.isFunctionLike)
  const of = outer ? functionName(outer) : ''
  return ts.isCallExpression(parent) ? `${of} › ${calledName(parent.expression)}` : `${of} › function`
}

function constructorName(entered: ts.Node): string | undefined {
  if (!ts.isConstructorDeclaration(entered)) return undefined
  return `new ${entered.parent.name?.text ?? 'class'}`
}

function calledName(called: ts.Expression): string {
  return ts.isPropertyAccessExpression(called) ? called.name.text : called.getText()
}

const mark = '?traced'

/**
 * From now on a module that is imported as `<url>?traced` is instrumented, and so is all below these folders that it imports. It is
 * another instance than the module of the plain URL: simulators may use that one, and are in no walk.
 *
 * @param root - the project's root, as a file URL that ends in a slash.
 */
export function traceMarkedModules(root: string, folders: readonly string[]): void {
  const isOurs = (url: string) => folders.some((folder) => url.startsWith(`${root}${folder}/`))
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const resolved = nextResolve(specifier, context)
      const isMarked = context.parentURL?.endsWith(mark) === true && isOurs(resolved.url)
      return isMarked ? { ...resolved, url: resolved.url + mark } : resolved
    },
    load(url, context, nextLoad) {
      if (!url.endsWith(mark)) return nextLoad(url, context)
      const plain = url.slice(0, -mark.length)
      const source = instrumented(readFileSync(fileURLToPath(plain), 'utf8'), plain.slice(root.length))
      return { format: 'module-typescript', source, shortCircuit: true }
    },
  })
}

/** The functions that were entered while the work went on, in order. One work at a time. */
export async function entriesOf(work: () => unknown): Promise<readonly Entry[]> {
  const entries: Entry[] = []
  Reflect.set(globalThis, recorder, (file: string, name: string) => entries.push({ file, name }))
  try {
    await work()
  } finally {
    Reflect.deleteProperty(globalThis, recorder)
  }
  return entries
}

export function figuresOf(entries: readonly Entry[]): WalkFigures {
  return {
    entries: entries.length,
    files: new Set(entries.map(({ file }) => file)).size,
    changes: entries.filter(({ file }, index) => index > 0 && file !== entries[index - 1]?.file).length,
  }
}

/** A line for each stretch of entries in one file: `file: function, function ×3`. */
export function walkLines(entries: readonly Entry[]): readonly string[] {
  const stretches: { readonly file: string; readonly names: string[] }[] = []
  for (const { file, name } of entries) {
    const last = stretches.at(-1)
    if (last?.file === file) last.names.push(name)
    else stretches.push({ file, names: [name] })
  }
  return stretches.map(({ file, names }) => `${file}: ${withoutRepeats(names).join(', ')}`)
}

function withoutRepeats(names: readonly string[]): readonly string[] {
  const runs: { readonly name: string; times: number }[] = []
  for (const name of names) {
    const last = runs.at(-1)
    if (last?.name === name) last.times += 1
    else runs.push({ name, times: 1 })
  }
  return runs.map(({ name, times }) => (times === 1 ? name : `${name} ×${times}`))
}
