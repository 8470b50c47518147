import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { projectRoot } from '../running-command.ts'

// The tools of `npm run test:aws`: pinned in test/aws/tools, fetched and built once, and kept in .test-aws.

const execute = promisify(execFile)
const manifests = fileURLToPath(new URL('tools/', import.meta.url))
const cache = join(projectRoot, '.test-aws')

/** A tool cannot be had. The message is one sentence: what is missing, and how to get it. */
export class MissingToolError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'MissingToolError'
  }
}

type Command = readonly [program: string, ...options: string[]]

interface PythonTools {
  readonly cfnLint: Command
  readonly motoServer: Command
}

/** The command lines of cfn-lint and the emulated AWS, in a virtual environment. */
export async function pythonTools(): Promise<PythonTools> {
  const howTo = 'install it (on Debian: apt-get install python3 python3-venv)'
  // With where it lies, since a virtual environment is nothing without the Python that made it.
  const tellItself = "import sys; print('Python', sys.version.split()[0], 'in', sys.base_prefix)"
  const version = await answerOf('python3', ['-c', tellItself], `Python 3.10 or newer is missing: ${howTo}.`)
  if (Number(/3\.(\d+)/.exec(version)?.[1]) < 10) {
    throw new MissingToolError(`Python 3.10 or newer is needed, and python3 is ${version.trim()}: ${howTo}.`)
  }
  const folder = await installed('python', ['requirements.txt'], version, async (venv) => {
    await fetched('python3 -m venv', ['python3', '-m', 'venv', venv])
    const requirements = join(manifests, 'requirements.txt')
    const install = ['install', '--quiet', '--disable-pip-version-check', '--require-hashes']
    await fetched('pip', [join(venv, 'bin/python'), '-m', 'pip', ...install, '--requirement', requirements])
  })
  // By their modules: the first lines of the programs in bin name the folder where pip wrote them, which may have moved.
  const python = join(folder, 'bin/python')
  return {
    cfnLint: [python, '-c', 'import sys; from cfnlint.runner import main; sys.exit(main())'],
    motoServer: [python, '-m', 'moto.server'],
  }
}

/** The command line that starts Amazon's DynamoDB Local, but for its port. */
export async function dynamoDbLocal(): Promise<readonly string[]> {
  const howTo = 'install a JDK (on Debian: apt-get install openjdk-17-jre-headless)'
  const version = await answerOf('java', ['--version'], `Java 17 or newer is missing: ${howTo}.`)
  if (Number(/\d+/.exec(version)?.[0]) < 17) {
    throw new MissingToolError(`Java 17 or newer is needed, and java is ${firstLineOf(version)}: ${howTo}.`)
  }
  await answerOf('mvn', ['--version'], 'Maven is missing: install it (on Debian: apt-get install maven).')
  const jars = await installed('dynamodb-local', ['pom.xml', jarDigests], '', async (folder) => {
    const repository = join(folder, 'repository')
    await fetched('Maven', [
      ...['mvn', '--batch-mode', '--quiet', '--strict-checksums', '--file', join(manifests, 'pom.xml')],
      `-Dmaven.repo.local=${repository}`,
      ...['dependency:copy-dependencies', `-DoutputDirectory=${folder}`],
    ])
    await rm(repository, { recursive: true })
    await requireDigests(folder, jarDigests)
  })
  // The JVM's second compiler and its parallel collector would take longer than they save in a run of a few minutes.
  const jvm = [
    '-XX:TieredStopAtLevel=1',
    '-XX:+UseSerialGC',
    // Java 17 takes the locale's encoding else, and makes question marks of text where that is none.
    '-Dfile.encoding=UTF-8',
    `-Djava.library.path=${jars}`,
    '-cp',
    `${jars}/*`,
  ]
  const main = 'com.amazonaws.services.dynamodbv2.local.main.ServerRunner'
  return ['java', ...jvm, main, '-inMemory', '-disableTelemetry']
}

/** What Maven has to fetch, as `sha256sum` prints it: unlike pip and npm it knows only the digests from the registry. */
const jarDigests = 'dynamodb-local.sha256'

/** Rejects where a folder holds anything else than the list of SHA-256 digests in test/aws/tools names. */
async function requireDigests(folder: string, list: string): Promise<void> {
  const expected = new Set((await readFile(join(manifests, list), 'utf8')).trim().split('\n'))
  const found = await Promise.all(
    (await readdir(folder)).map(async (file) => {
      const digest = createHash('sha256').update(await readFile(join(folder, file)))
      return `${digest.digest('hex')}  ${file}`
    }),
  )
  const unlike = [...expected, ...found].filter((line) => !expected.has(line) || !found.includes(line))
  if (unlike.length === 0) return
  const files = [...new Set(unlike.map((line) => line.split('  ')[1]))].sort().join(', ')
  throw new MissingToolError(
    `Maven fetched something else than test/aws/tools/${list} names (${files}): find out why, and if pom.xml has changed, write down what it names now.`,
  )
}

/** The entry of the Lambda runtime interface client, compiled for this machine. */
export async function runtimeClient(): Promise<string> {
  return join(await nodeModules(), 'aws-lambda-ric/index.mjs')
}

/** The program Dynoxide, an engine that nobody of DynamoDB's makers wrote. */
export async function dynoxide(): Promise<string> {
  const program = join(await nodeModules(), '@dynoxide/linux-x64/dynoxide')
  if (existsSync(program)) return program
  const here = `${process.platform} on ${process.arch}`
  throw new MissingToolError(
    `Dynoxide comes for Linux on x64, and this is ${here}: run this part on such a machine.`,
  )
}

async function nodeModules(): Promise<string> {
  if (process.platform !== 'linux') {
    throw new MissingToolError(
      `The Lambda runtime interface client is compiled for Linux alone, and this is ${process.platform}: run this part on Linux.`,
    )
  }
  for (const tool of ['cmake', 'g++', 'make', 'xz', 'python3']) {
    const packages = 'on Debian: apt-get install cmake g++ make xz-utils python3'
    await answerOf(
      tool,
      ['--version'],
      `${tool}, which compiles the Lambda client, is missing: install it (${packages}).`,
    )
  }
  const folder = await installed('node', ['package.json', 'package-lock.json'], '', async (into) => {
    for (const file of ['package.json', 'package-lock.json'])
      await cp(join(manifests, file), join(into, file))
    await fetched('npm', ['npm', 'ci', '--no-audit', '--no-fund'], into, headersOfThisNode())
  })
  return join(folder, 'node_modules')
}

/** What native code is compiled against: the headers beside this Node, where there are any, instead of a download. */
function headersOfThisNode(): Record<string, string> {
  const home = dirname(dirname(process.execPath))
  return existsSync(join(home, 'include/node/node_api.h')) ? { npm_config_nodedir: home } : {}
}

const underway = new Map<string, Promise<string>>()

/**
 * Where the tool lies that these manifests name; installs it first where it does not, or not wholly, and once though many
 * ask. What other manifests named goes.
 */
function installed(...what: Parameters<typeof install>): Promise<string> {
  const known = underway.get(what[0]) ?? install(...what)
  underway.set(what[0], known)
  return known
}

async function install(
  name: string,
  files: readonly string[],
  version: string,
  into: (folder: string) => Promise<void>,
): Promise<string> {
  const digest = createHash('sha256').update(`${process.platform} ${process.arch} ${version}`)
  for (const file of files) digest.update(await readFile(join(manifests, file)))
  const folder = join(cache, `${name}-${digest.digest('hex').slice(0, 12)}`)
  const complete = join(folder, '.complete')
  if (existsSync(complete)) return folder

  await mkdir(cache, { recursive: true })
  const others = (await readdir(cache)).filter((other) => other.startsWith(`${name}-`))
  for (const other of others) await rm(join(cache, other), { recursive: true })
  await mkdir(folder)
  await into(folder)
  await writeFile(complete, '')
  return folder
}

/** What a command prints, which has to be on the machine already. */
async function answerOf(command: string, options: readonly string[], whenMissing: string): Promise<string> {
  try {
    const { stdout, stderr } = await execute(command, options)
    return stdout || stderr
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new MissingToolError(whenMissing)
    }
    throw error
  }
}

/** Runs what fetches a tool. Output is long, and only its end shows why it failed. */
async function fetched(
  what: string,
  [command = '', ...options]: readonly string[],
  cwd?: string,
  environment: Record<string, string> = {},
): Promise<void> {
  try {
    const env = { ...process.env, ...environment }
    await execute(command, options, { ...(cwd !== undefined && { cwd }), env, maxBuffer: 64 * 1024 * 1024 })
  } catch (error) {
    const { stderr = '', stdout = '' } = error as { stderr?: string; stdout?: string }
    const end = (stderr + stdout).trim().split('\n').slice(-5).join('\n  ')
    throw new MissingToolError(
      `${what} could not fetch what test/aws/tools names: make its registry reachable and try again.\n  ${end}`,
    )
  }
}

function firstLineOf(text: string): string {
  return text.split('\n')[0] ?? ''
}
