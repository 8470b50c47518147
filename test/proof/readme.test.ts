import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { freePorts } from '../../local/local-environment.ts'
import { copyProject } from '../project-copy.ts'
import { projectRoot, run, type RunningCommand } from '../running-command.ts'

// What the README and the pages have a newcomer type, typed. Only the installing is left out: it has happened.

const textOf = (page: string) => readFileSync(`${projectRoot}${page}`, 'utf8')
const readme = textOf('README.md')
const stackSettings = {
  ...freePorts,
  CALLBACK_TOKEN: 'a-token-for-the-test',
}

function commandsOf(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^```sh\n(.*?)^```$/gms)].map((block) => block[1]!.trim())
}

function portOf(url: string): string {
  return new URL(url).port
}

async function listens(port: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(Number(port), '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => {
      resolve(false)
    })
  })
}

/** What is shown of an output: `…` on a line stands for lines that are left out. */
function isShownOf(shown: string, output: string): boolean {
  let from = 0
  return shown.split(/^…$/m).every((part) => {
    const at = output.indexOf(part.trim(), from)
    from = at + part.trim().length
    return at >= 0
  })
}

/** What the README shows under a command. */
function shownUnder(command: string): string {
  return /^\n```\n([^]*?)```/.exec(readme.split(`\`\`\`sh\n${command}\n\`\`\`\n`)[1]!)![1]!
}

/** Pages whose commands other tests run, each in its own. */
const testedElsewhere = [
  'commands.md',
  'adding-a-provider.md',
  'importing-lists.md',
  'query-api.md',
  'relay-nginx.md',
  'runbook.md',
]
const pages = readdirSync(`${projectRoot}docs`).filter((name) => name.endsWith('.md'))

describe('the README and the pages', () => {
  it.each([
    [
      'README.md',
      [
        'npm install && npm start',
        'npx ledger show example@example.com',
        'npx ledger problems --from 2022-06-01',
        'npx ledger --stage prod urls --with-token',
        // test/tencent/serverless.test.ts runs it.
        'npx serverless deploy --config serverless.tencent.yml --stage prod',
      ],
    ],
    [
      'docs/deploy.md',
      [
        'npx ledger token new',
        'npx ledger --stage prod parameter put SENDCLOUD_API_KEY',
        'cp settings.example.yml settings.yml',
        'npx serverless deploy --stage prod',
        'npx ledger --stage prod doctor',
        'npx ledger --stage prod urls --with-token',
        'npx ledger --stage prod console',
        expect.stringMatching(/ npx serverless package --stage prod$/),
      ],
    ],
    [
      'docs/development.md',
      ['npm install && npm start', 'npm install && npm test', 'npm run test:proof', 'npm run test:aws'],
    ],
    [
      'docs/poll.md',
      [
        'npx ledger reconcile',
        'npx ledger reconcile --from 2026-11-14 --to 2026-11-16 --dry-run',
        expect.stringMatching(/^curl -X POST 'https:\/\/<host>\/sent\/<token>' /),
      ],
    ],
    [
      'docs/console.md',
      ['npx ledger console', 'npx ledger report --html report.html --from 2022-06-01 --to 2022-06-07'],
    ],
    ['docs/quarantine.md', ['npx ledger quarantine list']],
    [
      'docs/server.md',
      [
        // There is no Docker where the tests run.
        expect.stringMatching(/^docker run .* delivery-ledger$/),
      ],
    ],
    ['docs/settings.md', ['cp settings.example.yml settings.yml']],
    ['docs/suppressions.md', ['npx ledger suppressions show someone@example.com', 'npm pack']],
    [
      'docs/tencent-cloud.md',
      [
        // test/tencent/serverless.test.ts runs it.
        'npx serverless deploy --config serverless.tencent.yml --stage prod',
      ],
    ],
  ])('have in %s no command that this test does not know', (page, known) => {
    expect(commandsOf(textOf(page)).map((command) => command.split('\n').at(-1))).toEqual(known)
  })

  it('have commands in no other page, but where other tests run them', () => {
    const withCommands = pages.filter((page) => commandsOf(textOf(`docs/${page}`)).length > 0)
    const known = [
      'console.md',
      'deploy.md',
      'development.md',
      'poll.md',
      'quarantine.md',
      'server.md',
      'settings.md',
      'suppressions.md',
      'tencent-cloud.md',
    ]
    expect(withCommands.filter((page) => !testedElsewhere.includes(page)).sort()).toEqual(known)
  })

  it('print a template without credentials, as docs/deploy.md has it typed', async () => {
    const [command] = commandsOf(textOf('docs/deploy.md')).filter((text) =>
      text.includes('serverless package'),
    )
    const folder = await mkdtemp(join(tmpdir(), 'documented-'))
    try {
      await copyProject(folder)
      const env = { PATH: process.env.PATH, HOME: folder, AWS_EC2_METADATA_DISABLED: 'true' }
      await promisify(execFile)('sh', ['-c', command!], { cwd: folder, env })
      const made = await readdir(join(folder, '.serverless'))
      expect(made).toEqual(
        expect.arrayContaining([
          'cloudformation-template-data-stack.json',
          'cloudformation-template-update-stack.json',
        ]),
      )
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

describe('npm start', () => {
  let stack: RunningCommand
  let urls: Record<'callback' | 'console' | 'dynamoDb' | 'ses' | 'sendCloud' | 'logs', string>
  let environment: Record<string, string>

  beforeAll(async () => {
    stack = run('npm start', stackSettings)
    await stack.prints('What happens from here on:')
    await stack.prints('reconciled')
    const reported = (what: string) => new RegExp(`${what} +(http://\\S+)`).exec(stack.output())![1]!
    urls = {
      callback: reported('Callback URL'),
      console: reported('Console'),
      dynamoDb: reported('DynamoDB'),
      ses: reported('Poll API'),
      sendCloud: reported('SendCloud API'),
      logs: reported('Log API'),
    }
    environment = {
      DYNAMODB_PORT: portOf(urls.dynamoDb),
      SES_PORT: portOf(urls.ses),
      SENDCLOUD_PORT: portOf(urls.sendCloud),
      LOGS_PORT: portOf(urls.logs),
    }
  })
  afterAll(async () => {
    stack.pressCtrlC()
    await stack.exited
  })

  it('is found in order by the doctor, at its URL and by default', async () => {
    const { origin, port } = new URL(urls.callback)
    const reported = { ...environment, CALLBACK_TOKEN: stackSettings.CALLBACK_TOKEN }
    const atUrl = run(`npx ledger doctor --url ${origin}`, reported)
    const byDefault = run('npx ledger doctor', { ...reported, PORT: port })
    for (const doctor of [atUrl, byDefault]) {
      expect(await doctor.exited).toBe(0)
      expect(doctor.output()).toMatch(/^✓ function URL .*^✓ token .*^13 passed, 0 failed, 0 not checked\.$/ms)
    }
  })

  it('prints a curl that, sent as it is, becomes a row that the ledger shows', async () => {
    const [, url, type, body] = /^curl -X POST '(.+)' -H 'content-type: (.+)' -d '(.+)'$/m.exec(
      stack.output(),
    )!
    const response = await fetch(url!, { method: 'POST', headers: { 'content-type': type! }, body: body! })
    expect(response.status).toBe(200)
    await stack.prints(
      'events bounced  recorded 1  message qcloudses-30-251200670-date-20220601142439-8jolHvR2XcXC1  recipient e…@example.com\n',
    )

    const show = run('npx ledger show example@example.com', environment)
    expect(await show.exited).toBe(0)
    const shown = shownUnder('npx ledger show example@example.com')
    expect(shown).toMatch(/^sent 2022-06-01 06:24:39 {2}bounced /)
    expect({ shown: isShownOf(shown, show.output()), output: show.output() }).toMatchObject({ shown: true })

    const problems = run('npx ledger problems --from 2022-06-01', environment)
    expect(await problems.exited).toBe(0)
    const shownProblems = shownUnder('npx ledger problems --from 2022-06-01')
    expect(shownProblems).toMatch(/^1 mail sent on /)
    expect({ shown: isShownOf(shownProblems, problems.output()), output: problems.output() }).toMatchObject({
      shown: true,
    })

    const tail = run('npx ledger tail --since 10m --no-follow', environment)
    expect(await tail.exited).toBe(0)
    expect(tail.output()).toMatch(
      / {2}bounced, gone +tencent-ses {2}e…@example\.com {2}example subject {2}551 /,
    )

    const list = run('npx ledger suppressions list', environment)
    expect(await list.exited).toBe(0)
    expect(list.output()).toMatch(/^example@example\.com +hard-bounce +2022-06-01 06:24:43$/m)
  })

  it('prints one for SendCloud, too, signed', async () => {
    const [, url, type, body] = [
      ...stack.output().matchAll(/^curl -X POST '(.+)' -H 'content-type: (.+)' -d '(.+)'$/gm),
    ][1]!
    const response = await fetch(url!, { method: 'POST', headers: { 'content-type': type! }, body: body! })
    expect(await response.json()).toEqual({ recorded: 1 })
    const emailId = new URLSearchParams(body).get('emailId')!
    const show = run(`npx ledger show '${emailId}'`, environment)
    expect(await show.exited).toBe(0)
    expect(show.output()).toMatch(/^.* {2}delivered {2}.*\n {2}message .*-inbound\n/m)
  })

  it('keeps the mail that came in, and shows it beside the one that it answers', async () => {
    const list = run('npx ledger inbound list --json 2>/dev/null', environment)
    expect(await list.exited).toBe(0)
    const [mail] = JSON.parse(list.output()) as { id: string; answers: string }[]
    const answered = run(`npx ledger show ${mail!.answers}`, environment)
    expect(await answered.exited).toBe(0)
    expect(answered.output()).toMatch(
      /answered +Re: Your order has shipped \(ledger inbound show [0-9a-f]{12}\)/,
    )
    const show = run(`npx ledger inbound show ${mail!.id.slice(0, 12)}`, environment)
    expect(await show.exited).toBe(0)
    expect(show.output()).toContain('Can it be left with the neighbors?')
  })

  it('keeps what it could not read, shows it, and runs it again', async () => {
    const empty = run('npx ledger quarantine list', environment)
    expect(await empty.exited).toBe(0)
    expect(empty.output()).toContain('Nothing is in quarantine.')
    const body = '{"event":"teleported","email":"example@example.com"}'
    expect((await fetch(urls.callback, { method: 'POST', body })).status).toBe(202)
    const list = run('npx ledger quarantine list', environment)
    expect(await list.exited).toBe(0)
    const [, id] = /^([0-9a-f]{12}) .* tencent-ses {2}unrecognised {2}1× {2}0 replays/m.exec(list.output())!
    const show = run(`npx ledger quarantine show ${id}`, environment)
    expect(await show.exited).toBe(0)
    expect(show.output()).toContain(body)
    expect(stack.output()).toContain(`status 202  quarantined unrecognised  id ${id}\n`)
    const dry = run(`npx ledger quarantine replay ${id} --dry-run`, environment)
    expect(await dry.exited).toBe(0)
    expect(dry.output()).toMatch(/still unrecognised: .*\n1 body: 0 would be resolved, 1 left\./)
    const replay = run('npx ledger quarantine replay --reason unrecognised --since 2026-01-01', environment)
    expect(await replay.exited).toBe(0)
    expect(replay.output()).toContain('1 body: 0 resolved, 1 left.')
  })

  it('finds by the poll what no callback reported', () => {
    // The stack's mails are of the last two hours: around midnight in UTC+8 they lie on two days, one of which is read twice.
    expect(stack.output()).toMatch(
      /reconciled +provider tencent-ses +list GetSendEmailStatus +calls \d+ +rows \d+ +discovered [1-9]/,
    )
  })

  it('shows mails in the browser to whoever has the URL of the console, and to nobody else', async () => {
    const first = await fetch(urls.console, { redirect: 'manual' })
    const cookie = first.headers.get('set-cookie')?.split(';')[0] ?? ''
    const { origin } = new URL(urls.console)
    const found = await fetch(`${origin}/search?q=example@example.com`, { headers: { cookie } })
    expect(await found.text()).toContain('551 5.1.1 recipient is not exist')
    expect((await fetch(`${origin}/`)).status).toBe(401)
  })

  it('is looked into by MessageId and as JSON, too', async () => {
    const message = 'qcloudses-30-251200670-date-20220601142439-8jolHvR2XcXC1'
    // Whatever profile somebody works with: the local stack is not its business.
    const show = run(`npx ledger show --json ${message} 2>&1`, { ...environment, AWS_PROFILE: 'nobodys' })
    expect(await show.exited).toBe(0)
    const rows = show.output().slice(show.output().indexOf('[\n'))
    expect(show.output()).not.toMatch(/credential|profile/i)
    expect(JSON.parse(rows)).toMatchObject([
      { recipient: 'example@example.com', message, status: 'bounced', counts: { bounced: 1, requested: 1 } },
    ])
  })

  it('says so where nothing is known of a recipient', async () => {
    const show = run('npx ledger show nobody@example.com', environment)
    expect(await show.exited).toBe(1)
    expect(show.output()).toContain(
      'No message has this id, and nothing was sent to this address, as far as delivery-ledger-local knows.',
    )
  })

  it('is reconciled by hand, with figures for people and for programs', async () => {
    const forPeople = run('npx ledger reconcile', environment)
    expect(await forPeople.exited).toBe(0)
    expect(forPeople.output()).toMatch(
      /\d calls?, \d+ rows: 0 discovered, 0 repaired.*Nothing is left to ask\./,
    )
    const forPrograms = run('npx ledger reconcile --json 2>/dev/null', environment)
    expect(await forPrograms.exited).toBe(0)
    const figures: unknown = JSON.parse(forPrograms.output())
    expect(Object.keys(figures as object)).toEqual([
      'calls',
      'rows',
      'discovered',
      'repaired',
      'settled',
      'unknown',
      'pending',
      'stoppedBy',
    ])
  })

  it('is read again date by date, as far as the provider reports', async () => {
    const command = commandsOf(textOf('docs/poll.md')).find((text) =>
      text.includes('ledger reconcile --from'),
    )!
    const daysAgo = (days: number) =>
      new Date(Date.now() + 8 * 3_600_000 - days * 86_400_000).toISOString().slice(0, 10)
    const dates = [daysAgo(1), daysAgo(0)]
    const ofToday = command.replace(/\d{4}-\d\d-\d\d/g, () => dates.shift()!)
    const backfilled = async (): Promise<RunningCommand> => {
      const backfill = run(ofToday, environment)
      await backfill.exited
      // The stack's own pass, once a minute, comes first.
      return backfill.output().includes('Another run holds the lease') ? backfilled() : backfill
    }
    const backfill = await backfilled()
    expect(await backfill.exited).toBe(0)
    expect(backfill.output()).toMatch(
      /2 dates, about 2 calls: about 2 seconds at 1 request a second\..*\ntencent-ses: GetSendEmailStatus\nDry run: nothing was written\.\n/,
    )
    expect(backfill.output()).toMatch(
      /\ntotal +3 +12 +0 .*\n\nEvery date is complete\.\n[^]*\nsendcloud: data\/emailStatus\n/,
    )
  })

  it('is not called done by a pass to which nothing answered', async () => {
    const reconcile = run('npx ledger reconcile', { ...environment, SES_PORT: '9' })
    expect(await reconcile.exited).toBe(1)
    expect(reconcile.output()).toMatch(/no usable answer \(.*127\.0\.0\.1:9.*The provider did not answer/s)
  })

  it('records the send of docs/poll.md, and prints one of its own', async () => {
    const curl = /^curl -X POST '(.+\/sent\/.+)' -H 'content-type: (.+)' -d '(.+)'$/m
    for (const text of [textOf('docs/poll.md'), stack.output()]) {
      const [, url, type, body] = curl.exec(text)!
      const [host, token] = [new URL(urls.callback).host, stackSettings.CALLBACK_TOKEN]
      const own = url!.replace('https://<host>/sent/<token>', `http://${host}/sent/${token}`)
      const response = await fetch(own, { method: 'POST', headers: { 'content-type': type! }, body: body! })
      expect(await response.json()).toEqual({ recorded: 1 })
    }
    const [own] = /(?<="messageId":")qcloudses-[^"]+(?=","recipients":\["someone@example\.com"\])/.exec(
      stack.output(),
    )!
    await stack.prints(`events delivered  recorded 1  message ${own}  recipient s…@example.com\n`)
    const show = run('npx ledger show --json someone@example.com 2>/dev/null', environment)
    expect(await show.exited).toBe(0)
    expect(JSON.parse(show.output())).toMatchObject([
      { message: own, status: 'delivered', counts: { requested: 1, delivered: 1 } },
      { message: 'qcloudses-30-251200670-date-20261121120000-Xk3TqPz7Lw0aB', counts: { requested: 1 } },
    ])
  })

  it('says in one line that a port is in use', async () => {
    const second = run('npm start --silent', { ...freePorts, PORT: portOf(urls.callback) })
    expect(await second.exited).toBe(1)
    expect(second.output().trim()).toBe(
      `Port ${portOf(urls.callback)}, for callbacks (PORT), is in use already.`,
    )
  })

  it('names every wrong setting', async () => {
    const wrong = run('npm start --silent', {
      ...freePorts,
      PORT: 'http',
      SES_ENDPOINT: 'ses',
      CALLBACK_TOKEN: 'short',
    })
    expect(await wrong.exited).toBe(1)
    expect(wrong.output()).toMatch(
      /PORT: expected a port.*SES_ENDPOINT: expected a URL|SES_ENDPOINT: expected a URL/s,
    )
    expect(wrong.output()).toMatch(/CALLBACK_TOKEN: expected at least 8/)
  })

  it('stops all of it on Ctrl-C', async () => {
    stack.pressCtrlC()
    await stack.exited
    expect(stack.output().trim()).toMatch(/Stopped\.$/)
    for (const url of Object.values(urls)) expect(await listens(portOf(url))).toBe(false)
  })
})

describe('npm run demo', () => {
  it('ends with no row wrong and prints the tables that the README and docs/poll.md show', async () => {
    const demo = run('npm run demo')
    expect(await demo.exited).toBe(0)
    const tables = [readme, textOf('docs/poll.md')].flatMap((text) =>
      [...text.matchAll(/```\n( +what happened.*?)```/gs)].map(([, table]) => table!),
    )
    expect(tables).toHaveLength(2)
    for (const table of tables) expect(demo.output()).toContain(table)
    expect([...demo.output().matchAll(/Every row says what truly happened\./g)]).toHaveLength(2)
  })
})

describe('the ledger', () => {
  it('makes a token of which docs/deploy.md deploys the digest', async () => {
    const make = run(
      commandsOf(textOf('docs/deploy.md')).flatMap((text) => /^npx ledger token new/m.exec(text) ?? [])[0]!,
    )
    expect(await make.exited).toBe(0)
    expect(make.output()).toMatch(/^token {3}\w{48}$.*^digest {2}\w{64}$.*CALLBACK_TOKEN_SHA256/ms)
  })

  it('says what to do where no stack runs', async () => {
    const show = run('npx ledger show example@example.com', { DYNAMODB_PORT: '1' })
    expect(await show.exited).toBe(1)
    expect(show.output()).toContain(
      'No DynamoDB answers at http://127.0.0.1:1. Is the local stack running (npm start)?',
    )
  })
})
