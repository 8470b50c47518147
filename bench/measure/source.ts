import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { functionName, functionsOf, parsed } from './tracer.ts'

/** A file of TypeScript, and its place from the project's root. */
export interface SourceFile {
  readonly file: string
  readonly text: string
}

export interface LineCounts {
  readonly code: number
  readonly comments: number
  readonly blanks: number
}

interface FunctionSize {
  readonly name: string
  readonly file: string
  /** Where it begins, from 1. */
  readonly line: number
  /** From its first to its last line, without comments and blanks. */
  readonly lines: number
}

/** Every TypeScript file below a folder, in the order of their names. */
export function filesBelow(root: string, folder: string): readonly SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .sort()
    .map((file) => ({ file: `${folder}/${file}`, text: readFileSync(join(root, folder, file), 'utf8') }))
}

/** A line with any code in it is code; of the others those with text are comments. */
export function lineCounts({ file, text }: SourceFile): LineCounts {
  const lines = text.replace(/\n$/, '').split('\n')
  const code = linesOfCode(parsed(text, file))
  const blanks = lines.filter((line, number) => line.trim() === '' && !code.has(number)).length
  return { code: code.size, comments: lines.length - blanks - code.size, blanks }
}

/** The numbers, from 0, of the lines that hold a token. */
function linesOfCode(source: ts.SourceFile): ReadonlySet<number> {
  const lines = new Set<number>()
  const visit = (node: ts.Node): void => {
    if (ts.isJSDoc(node) || node.kind === ts.SyntaxKind.EndOfFileToken) return
    const children = node.getChildren(source)
    for (const child of children) visit(child)
    if (children.length > 0 || node.getEnd() === node.getStart(source)) return
    const last = source.getLineAndCharacterOfPosition(node.getEnd()).line
    for (
      let line = source.getLineAndCharacterOfPosition(node.getStart(source)).line;
      line <= last;
      line += 1
    ) {
      lines.add(line)
    }
  }
  visit(source)
  return lines
}

/** The functions that have a name or a block of their own: an arrow within an expression is a part of it. */
export function functionSizes({ file, text }: SourceFile): readonly FunctionSize[] {
  const source = parsed(text, file)
  const code = linesOfCode(source)
  return functionsOf(source)
    .filter((one) => !ts.isArrowFunction(one) || ts.isBlock(one.body) || ts.isVariableDeclaration(one.parent))
    .map((one) => {
      const first = source.getLineAndCharacterOfPosition(one.getStart(source)).line
      const last = source.getLineAndCharacterOfPosition(one.getEnd()).line
      const lines = [...code].filter((line) => line >= first && line <= last).length
      return { name: functionName(one), file, line: first + 1, lines }
    })
}

/** By file, which of these files import it. */
export function importersOf(files: readonly SourceFile[]): ReadonlyMap<string, readonly string[]> {
  const importers = new Map<string, string[]>(files.map(({ file }) => [file, []]))
  for (const { file, text } of files) {
    const imported = ts
      .preProcessFile(text)
      .importedFiles.map(({ fileName }) => join(dirname(file), fileName))
    for (const one of new Set(imported)) importers.get(one)?.push(file)
  }
  return importers
}

/** The value below which that share of the values lies, itself one of them. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0
}

export function sumOf(counts: readonly LineCounts[]): LineCounts {
  return counts.reduce(
    (sum, { code, comments, blanks }) => ({
      code: sum.code + code,
      comments: sum.comments + comments,
      blanks: sum.blanks + blanks,
    }),
    { code: 0, comments: 0, blanks: 0 },
  )
}
