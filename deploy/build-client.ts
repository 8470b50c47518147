import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import ts from 'typescript'

// Builds what applications import into dist/, since Node runs no TypeScript from node_modules: docs/adr/0005.

const root = fileURLToPath(new URL('..', import.meta.url))
const source = join(root, 'lib')
const target = join(root, 'dist')
const entries = ['index', 'is-suppressed', 'record-send', 'postgres'].map((name) =>
  join(source, 'client', `${name}.ts`),
)

/** The endings of the files of a module system: of its code, and of the types of that code. */
interface Endings {
  readonly code: string
  readonly types: string
}
const moduleEndings: Endings = { code: '.js', types: '.d.ts' }
const commonJsEndings: Endings = { code: '.cjs', types: '.d.cts' }

await rm(target, { recursive: true, force: true })
await Promise.all([buildCode('esm', moduleEndings), buildCode('cjs', commonJsEndings)])
const declarations = declarationsOf(entries)
await writeTypes(declarations, moduleEndings)
await writeTypes(declarations, commonJsEndings)

/**
 * The AWS SDK stays outside, as the package's one dependency: an application that has it already loads it once. `pg` is that of the
 * application, where rows are in PostgreSQL.
 */
async function buildCode(format: 'esm' | 'cjs', { code }: Endings): Promise<void> {
  await build({
    entryPoints: entries,
    outbase: source,
    outdir: target,
    outExtension: { '.js': code },
    absWorkingDir: root,
    bundle: true,
    format,
    // What entries share is there once: one client for an application that imports several of them.
    splitting: format === 'esm',
    chunkNames: 'client/shared-[hash]',
    platform: 'node',
    target: 'node20',
    external: ['@aws-sdk/client-dynamodb', 'pg'],
    logLevel: 'warning',
  })
}

/** The declarations of these files, and of those whose types they name; by the path of the source. */
function declarationsOf(files: readonly string[]): ReadonlyMap<string, string> {
  const program = ts.createProgram(files, compilerOptions())
  const declarations = new Map<string, string>()
  const wanted = [...files]
  for (const file of wanted) {
    if (declarations.has(file)) continue
    const text = declarationOf(program, file)
    declarations.set(file, text)
    wanted.push(...importsIn(text).map(({ fileName }) => join(dirname(file), fileName)))
  }
  return declarations
}

function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: { compilerOptions: object }
  }
  const { options } = ts.convertCompilerOptionsFromJson(
    {
      ...config.compilerOptions,
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      rootDir: source,
    },
    root,
  )
  return options
}

function declarationOf(program: ts.Program, file: string): string {
  const written: string[] = []
  const { diagnostics } = program.emit(
    program.getSourceFile(file),
    (_, text) => written.push(text),
    undefined,
    true,
  )
  const [text] = written
  if (text === undefined || diagnostics.length > 0) {
    throw new Error(`${relative(root, file)} has no declaration: npm run check:types says why.`)
  }
  return text
}

function importsIn(declaration: string): readonly ts.FileReference[] {
  const { importedFiles } = ts.preProcessFile(declaration)
  const outside = importedFiles.find(({ fileName }) => !fileName.startsWith('.'))
  if (outside) throw new Error(`The types of the client need ${outside.fileName}, which it does not bring.`)
  return importedFiles
}

/** Each module system has its own: a type of an ES module cannot stand in for that of a CommonJS one. */
async function writeTypes(declarations: ReadonlyMap<string, string>, endings: Endings): Promise<void> {
  for (const [file, text] of declarations) {
    const path = join(target, relative(source, file)).replace(/\.ts$/, endings.types)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, withImportsOf(endings, text))
  }
}

/** TypeScript leaves `.ts` in the imports of declarations, also where it rewrites those of code. */
function withImportsOf({ code }: Endings, declaration: string): string {
  return importsIn(declaration).reduceRight((text, { pos, fileName }) => {
    const start = text.indexOf(fileName, pos)
    return text.slice(0, start) + fileName.replace(/\.ts$/, code) + text.slice(start + fileName.length)
  }, declaration)
}
