import { beforeEach, describe, expect, it } from '@jest/globals'
import type { DeliveryEvent } from '../../lib/core/event.ts'
import type { InboundMail } from '../../lib/core/inbound-mail.ts'
import type { SuppressionEvidence } from '../../lib/core/suppression.ts'
import type { Page } from '../../lib/ledger/ports.ts'
import type { QuarantinedInput } from '../../lib/quarantine/ports.ts'
import type { Log } from '../../lib/runtime/ports.ts'
import type { Store } from '../../lib/store/ports.ts'
import { virtualClock, type VirtualClock } from '../../local/virtual-clock.ts'
import { eventWith } from '../events.ts'

/** Opens a store that is empty and has all of its indexes. */
type OpenStore = (clock: VirtualClock, log: Log) => Promise<Store>

const at = (time: string) => Date.parse(time)
const retention = { retentionDays: 400 }
const indexedIds = { ownIdHeaders: ['SC-Custom-Order'], isRfcMessageIdIndexed: true }

/** A MessageId of Tencent's shows when the message was sent, in UTC+8. */
const sentOn = (day: string, name = 'a') => `qcloudses-30-1-date-${day}120000-${name}`

let clock: VirtualClock
let store: Store

/** What commands, console and query API rely on, whichever store stands behind the ports. */
export function describeStoreContract(name: string, open: OpenStore): void {
  describe(name, () => {
    beforeEach(async () => {
      clock = virtualClock('2026-11-21T08:00:00Z')
      store = await open(clock, () => undefined)
    })
    describe('the problems of a day', describeProblems)
    describe('all deliveries', describeScanner)
    describe('the deliveries of a question', describeFinder)
    describe('other ids', describeOtherIds)
    describe('the suppression list of an operator', describeSuppressions)
    describe('inbound mails', describeInbound)
    describe('the quarantine', describeQuarantine)
    describe('tombstones', describeTombstones)
    describe('an erasure', describeErasure)
    describe('what is shown of the store', describeShown)
  })
}

async function record(...events: readonly Partial<DeliveryEvent>[]): Promise<void> {
  const writer = store.deliveryWriter({ ...retention, indexedIds })
  for (const event of events) await writer.record(eventWith(event))
}

/** More opens than a row holds. */
async function recordManyOpens(event: Partial<DeliveryEvent>): Promise<void> {
  const opens = Array.from({ length: 53 }, (_, second) => ({
    ...event,
    kind: 'opened' as const,
    occurredAtMs: at('2026-11-20T08:00:00Z') + second * 1_000,
  }))
  await record(...opens)
}

/** Where a page goes on: of a table of mails, and of one of addresses. */
const positions = {
  dynamodb: {
    ofMail: '{"recipient":{"S":"1@example.com"},"message":{"S":"m"}}',
    ofAddress: '{"recipient":{"S":"1@example.com"}}',
  },
  postgresql: {
    ofMail: '{"after recipient":"1@example.com","after message":"m"}',
    ofAddress: '{"after recipient":"1@example.com"}',
  },
}

/** What is no position of mails in this store, or none of addresses. */
function positionsOfOthers(of: 'ofMail' | 'ofAddress'): readonly string[] {
  const own = positions[store.kind][of]
  const all = Object.values(positions).flatMap((one) => Object.values(one))
  return [...all.filter((position) => position !== own), '{}', 'null', '"1@example.com"', '1@example.com']
}

const isRefused = /^Reading cannot go on from this position: expected \{(?:(?!example\.com).)*$/

async function itemsOf<T>(pages: AsyncIterable<Page<T>>): Promise<readonly T[]> {
  return (await Array.fromAsync(pages)).flatMap(({ items }) => items)
}

function describeProblems(): void {
  it('are those that bounced, were dropped, put off or complained about, the latest messages of a shard first', async () => {
    const recipient = 'ann@example.com'
    await record(
      { recipient, message: sentOn('20261120', 'a'), kind: 'deferred', columns: { template: '7' } },
      {
        recipient,
        message: sentOn('20261120', 'b'),
        kind: 'bounced',
        columns: { fromDomain: 'example.com' },
      },
      { recipient, message: sentOn('20261120', 'c'), kind: 'delivered' },
      { recipient, message: sentOn('20261119', 'd'), kind: 'dropped' },
      { recipient, message: 'undated', kind: 'complained' },
    )
    await record({ recipient, message: sentOn('20261120', 'a'), kind: 'delivered' })
    const problems = (day: string | undefined) => Array.fromAsync(store.problemReader().problemsOf(day))
    const provider = 'tencent-ses'
    expect(await problems('2026-11-20')).toEqual([
      { recipient, message: sentOn('20261120', 'b'), status: 'bounced', provider, fromDomain: 'example.com' },
      { recipient, message: sentOn('20261120', 'a'), status: 'delivered', provider, template: '7' },
    ])
    expect(await problems(undefined)).toMatchObject([{ message: 'undated', status: 'delivered' }])
    expect(await problems('2026-11-18')).toEqual([])
  })
}

function describeScanner(): void {
  const keys = Array.from(
    { length: 12 },
    (_, n) => `${n % 3}@example.com ${sentOn('20261120', `m${n}`)}`,
  ).sort()
  const recordAll = () =>
    record(
      ...keys.map((key) => key.split(' ')).map(([recipient, message]) => ({ recipient, message }) as never),
    )
  const named = (found: readonly { readonly recipient: string; readonly message: string }[]) =>
    found.map(({ recipient, message }) => `${recipient} ${message}`).sort()

  it('are read page after page, from any of their positions on', async () => {
    await recordAll()
    const scanner = store.deliveryScanner({ rowsInPage: 5 })
    const pages = await Array.fromAsync(scanner.pages())
    expect(named(pages.flatMap(({ items }) => items))).toEqual(keys)
    expect(pages.reduce((sum, { rows }) => sum + rows, 0)).toBe(12)
    expect(pages.at(-1)).not.toHaveProperty('next')
    const [first] = pages
    const others = await itemsOf(scanner.pages(first?.next))
    expect(named([...first!.items, ...others])).toEqual(keys)
    expect(others).toHaveLength(7)
  })

  it('are read from no position of another table or another kind of store', async () => {
    await recordAll()
    const scanner = store.deliveryScanner()
    await itemsOf(scanner.pages(positions[store.kind].ofMail))
    for (const position of positionsOfOthers('ofMail')) {
      await expect(itemsOf(scanner.pages(position))).rejects.toThrow(isRefused)
      const segment = { segment: 0, of: 2 }
      await expect(itemsOf(scanner.wholePages(position, segment))).rejects.toThrow(isRefused)
    }
  })

  it('are read side by side in segments that have each of them once', async () => {
    await recordAll()
    const scanner = store.deliveryScanner()
    const segments = [0, 1, 2].map((segment) => itemsOf(scanner.wholePages(undefined, { segment, of: 3 })))
    expect(named((await Promise.all(segments)).flat())).toEqual(keys)
  })

  it('are whole on the pages of whole ones, and have what their row holds on the others', async () => {
    await recordManyOpens({})
    const scanner = store.deliveryScanner({ rowsInPage: 2 })
    const opens = async (pages: ReturnType<typeof scanner.pages>) =>
      (await itemsOf(pages)).map(({ facts }) => facts.get('opened')?.length)
    expect(await opens(scanner.wholePages())).toEqual([53])
    expect(await opens(scanner.pages())).toEqual([50])
  })

  it('are counted, about', async () => {
    await recordAll()
    expect(await store.deliveryScanner().approximateRows()).toBeLessThanOrEqual(12)
    expect((await store.size()).bytes).toBeGreaterThanOrEqual(0)
  })
}

function describeFinder(): void {
  const message = sentOn('20261120')
  const never = new AbortController().signal

  it('are complete, by recipient and by key', async () => {
    await recordManyOpens({ recipient: 'ann@example.com', message })
    await record(
      { recipient: 'ann@example.com', message: `${message}x` },
      { recipient: 'ben@example.com', message },
    )
    const finder = store.deliveryFinder()
    const found = await finder.ofRecipient('ann@example.com', never)
    expect(found.map((one) => [one.message, one.facts.get('opened')?.length])).toEqual([
      [message, 53],
      [`${message}x`, undefined],
    ])
    const [one, ...others] = await finder.ofKey({ recipient: 'ann@example.com', message }, never)
    expect(one?.facts.get('opened')).toHaveLength(53)
    expect(others).toEqual([])
    expect(await finder.ofKey({ recipient: 'ann@example.com', message: 'none' }, never)).toEqual([])
    expect(await store.deliveriesWithKey({ recipient: 'ann@example.com', message })).toEqual([one])
  })

  it('of a message are those of its first recipients, and how many more there are', async () => {
    await record(
      ...['ann', 'ben', 'cho', 'dan'].map((name) => ({ recipient: `${name}@example.com`, message })),
    )
    const { found, more } = await store.deliveryFinder().ofMessage(message, 3, never)
    expect(found.map(({ recipient }) => recipient).sort()).toEqual([
      'ann@example.com',
      'ben@example.com',
      'cho@example.com',
    ])
    expect(more).toBe(1)
  })

  it('are not read when the time is up', async () => {
    await record({ recipient: 'ann@example.com', message })
    const finder = store.deliveryFinder()
    await expect(finder.ofRecipient('ann@example.com', AbortSignal.abort())).rejects.toThrow(/abort/i)
  })
}

function describeOtherIds(): void {
  const order = (id: string) => ({ headers: new Map([['SC-Custom-Order', id]]) })

  it('find the deliveries that have them, the latest first, and no others', async () => {
    await record(
      { recipient: 'ann@example.com', message: sentOn('20261118'), ...order('4711') },
      { recipient: 'ben@example.com', message: sentOn('20261120'), ...order('4711') },
      { recipient: 'cho@example.com', message: sentOn('20261119'), ...order('4711') },
      { recipient: 'dan@example.com', message: sentOn('20261119'), ...order('4712') },
      {
        recipient: 'eve@example.com',
        message: sentOn('20261119'),
        columns: { rfcMessageId: 'x@example.com' },
      },
    )
    const reader = store.otherIdReader()
    expect(await reader.ofOwnId('4711')).toMatchObject({
      deliveries: ['ben', 'cho', 'ann'].map((name) => ({ recipient: `${name}@example.com` })),
    })
    expect(await reader.ofRfcMessageId('x@example.com')).toMatchObject({
      deliveries: [{ recipient: 'eve@example.com' }],
    })
    expect(await reader.ofOwnId('4713')).toEqual({ deliveries: [] })
  })
}

function describeSuppressions(): void {
  const evidence = (second: number, recipient = 'ann@example.com'): SuppressionEvidence => ({
    recipient,
    reason: 'complaint',
    occurredAtMs: at('2026-11-20T08:00:00Z') + second * 1_000,
    source: 'callback',
    detail: '',
  })
  const line = (second: number) => `2026-11-20T08:00:0${second}Z complaint - -`

  it('loses an address until newer evidence comes, but not by what was counted out', async () => {
    const list = store.suppressionWriter()
    await list.suppress(evidence(1))
    await list.suppress(evidence(5))
    const removed = await list.remove('ann@example.com', at('2026-11-20T08:00:03Z'), [line(5)])
    expect(removed).toMatchObject({ removals: ['2026-11-20T08:00:03.000Z'], countedOut: [line(5)] })
    expect(await store.suppressionReader().ofRecipient('ann@example.com')).toEqual(removed)
    await list.suppress(evidence(2))
    await list.suppress(evidence(4))
    expect(await store.suppressionReader().ofRecipient('ann@example.com')).toMatchObject({
      evidence: [line(1), line(2), line(4), line(5)],
    })
    expect(await list.remove('ben@example.com', clock.now())).toBeUndefined()
  })

  it('keeps every removal of several at once', async () => {
    const list = store.suppressionWriter()
    await list.suppress(evidence(1))
    const instants = [2, 3, 4, 5].map((second) => at('2026-11-20T08:00:00Z') + second * 1_000)
    await Promise.all(instants.map((atMs) => list.remove('ann@example.com', atMs)))
    const row = await store.suppressionReader().ofRecipient('ann@example.com')
    expect(row?.removals).toEqual(instants.map((atMs) => new Date(atMs).toISOString()))
  })

  it('is read page after page, and by many recipients', async () => {
    const names = Array.from({ length: 7 }, (_, n) => `r${n}@example.com`)
    for (const name of names) await store.suppressionWriter().suppress(evidence(1, name))
    const scanner = store.suppressionScanner({ rowsInPage: 3 })
    const pages = await Array.fromAsync(scanner.pages())
    expect(pages.flatMap(({ items }) => items.map(({ recipient }) => recipient)).sort()).toEqual(names)
    const others = await itemsOf(scanner.pages(pages[0]?.next))
    expect(others).toHaveLength(4)
    const found = await store.suppressionBatches().ofRecipients([...names, 'nobody@example.com', names[0]!])
    expect([...found.keys()].sort()).toEqual(names)
  })

  it('is read from no position of another table or another kind of store', async () => {
    await store.suppressionWriter().suppress(evidence(1))
    const scanner = store.suppressionScanner()
    await itemsOf(scanner.pages(positions[store.kind].ofAddress))
    for (const position of positionsOfOthers('ofAddress'))
      await expect(itemsOf(scanner.pages(position))).rejects.toThrow(isRefused)
  })
}

function mailWith(reported: Partial<InboundMail>): InboundMail {
  return {
    provider: 'sendcloud',
    recipient: 'support@example.com',
    answers: { message: 'message-1', recipient: 'ann@example.com' },
    receivedAtMs: at('2026-11-20T08:00:00Z'),
    columns: { from: 'Ann <ann@example.com>', subject: '关于订单' },
    content: '{"text":"thanks"}',
    ...reported,
  }
}

function describeInbound(): void {
  it('are one row for all reports of a mail', async () => {
    const writer = store.inboundWriter(retention)
    const rawMessageUrl = 'https://example.com/raw'
    await writer.keep(mailWith({ receivedAtMs: at('2026-11-20T09:00:00Z'), rawMessageUrl }))
    await writer.keep(mailWith({}))
    const [mail, ...others] = await Array.fromAsync(store.inboundReader().all())
    expect(others).toEqual([])
    expect(mail).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{64}$/),
      provider: 'sendcloud',
      recipient: 'support@example.com',
      answers: 'message-1',
      answeredRecipient: 'ann@example.com',
      receivedAt: ['2026-11-20T08:00:00Z', '2026-11-20T09:00:00Z'],
      rawMessageUrls: [rawMessageUrl],
      columns: new Map([
        ['from', 'Ann <ann@example.com>'],
        ['subject', '关于订单'],
      ]),
    })
    expect(await store.inboundReader().mail(mail!.id.slice(0, 8))).toEqual({
      ...mail,
      content: '{"text":"thanks"}',
    })
  })

  it('are found by what they answer, are whole whatever their size, and expire', async () => {
    const content = JSON.stringify({ text: 'x'.repeat(800_000) })
    const { answers, ...nothing } = mailWith({ content })
    expect(answers).toBeDefined()
    await store.inboundWriter(retention).keep(nothing)
    await store.inboundWriter(retention).keep(mailWith({}))
    const reader = store.inboundReader()
    expect(await Array.fromAsync(reader.answering('message-1'), ({ answers }) => answers)).toEqual([
      'message-1',
    ])
    const large = (await Array.fromAsync(reader.all())).find((mail) => mail.answers === undefined)
    expect((await reader.mail(large!.id))?.content).toBe(content)
    expect(await reader.mail('f'.repeat(64))).toBeUndefined()
    clock.advance(400 * 86_400_000)
    expect(await Array.fromAsync(reader.all())).toEqual([])
    expect(await reader.mail(large!.id)).toBeUndefined()
  })
}

function inputWith(reported: Partial<QuarantinedInput>): QuarantinedInput {
  return {
    provider: 'tencent-ses',
    body: new TextEncoder().encode('{not json'),
    contentType: 'application/json',
    reason: 'unreadable',
    problems: ['body: expected JSON', 'b', 'a'],
    receivedAtMs: at('2026-11-20T08:00:00Z'),
    ...reported,
  }
}

function describeQuarantine(): void {
  const only = async () => {
    const [row, ...others] = await Array.fromAsync(store.quarantineStore().all())
    expect(others).toEqual([])
    return row!
  }

  it.each([
    ['text', new TextEncoder().encode('{"email":"o\'brien@example.com","q":"\\\\ $1 $$ ; --"}\ufeff')],
    ['no UTF-8', Uint8Array.from([0xff, 0xfe, 0x00, 0x41])],
    ['text with a zero', new TextEncoder().encode('a\0b')],
    ['nothing', new Uint8Array()],
    ['large', new TextEncoder().encode('邮件'.repeat(200_000))],
  ])('gives a body back byte for byte: %s', async (_, body) => {
    await store.quarantineWriter(retention).keep(inputWith({ body, isVerified: true }))
    const { id } = await only()
    const input = await store.quarantineStore().input(id.slice(0, 10))
    expect(Buffer.compare(input!.body, body)).toBe(0)
    expect(input).toMatchObject({ bytes: body.length, isVerified: true })
  })

  it('keeps a body once, opens it again when it arrives again, and closes it by replay or dismissal', async () => {
    const writer = store.quarantineWriter(retention)
    const quarantine = store.quarantineStore()
    const gauge = () => store.quarantineGauge().open()
    await writer.keep(inputWith({}))
    const again = { receivedAtMs: at('2026-11-20T09:00:00Z'), problems: ['a'] }
    await writer.keep(inputWith(again))
    const { id } = await only()
    expect(await only()).toEqual({
      id,
      provider: 'tencent-ses',
      contentType: 'application/json',
      reason: 'unreadable',
      problems: ['a'],
      bytes: 9,
      isVerified: false,
      firstSeenAt: '2026-11-20T08:00:00Z',
      lastSeenAt: '2026-11-20T09:00:00Z',
      seen: 2,
      attempts: 0,
    })
    expect(await gauge()).toBe(1)
    await quarantine.replayed(id, at('2026-11-20T10:00:00Z'), { reason: 'invalid', problems: ['b', 'a'] })
    expect(await only()).toMatchObject({ reason: 'invalid', problems: ['b', 'a'], attempts: 1 })
    expect(await gauge()).toBe(1)
    await quarantine.replayed(id, at('2026-11-20T11:00:00Z'), 'resolved')
    expect(await only()).toMatchObject({
      attempts: 2,
      resolvedAt: '2026-11-20T11:00:00Z',
      resolvedBy: 'replay',
    })
    expect(await Array.fromAsync(quarantine.open())).toEqual([])
    await writer.keep(inputWith({ receivedAtMs: at('2026-11-20T12:00:00Z') }))
    expect(await only()).not.toHaveProperty('resolvedAt')
    expect(await gauge()).toBe(1)
    await quarantine.dismissed(id, at('2026-11-20T13:00:00Z'))
    expect(await quarantine.row(id)).toMatchObject({ resolvedBy: 'dismissal', seen: 3 })
    expect(await gauge()).toBe(0)
  })

  it('names unfinished bodies until a replay has seen them', async () => {
    await store.quarantineWriter(retention).keep(inputWith({ reason: 'unfinished' }))
    const quarantine = store.quarantineStore()
    const { id } = await only()
    expect(await Array.fromAsync(quarantine.unfinished())).toEqual([id])
    await quarantine.replayed(id, clock.now(), { reason: 'unreadable', problems: [] })
    expect(await Array.fromAsync(quarantine.unfinished())).toEqual([])
    expect(await Array.fromAsync(quarantine.open(), (row) => row.reason)).toEqual(['unreadable'])
  })

  it('records nothing of a row that is not there', async () => {
    const quarantine = store.quarantineStore()
    const id = 'f'.repeat(64)
    await expect(quarantine.replayed(id, clock.now(), 'resolved')).rejects.toThrow(id)
    await expect(quarantine.dismissed(id, clock.now())).rejects.toThrow(id)
    expect(await quarantine.row(id)).toBeUndefined()
    expect(await Array.fromAsync(quarantine.all())).toEqual([])
  })

  it('takes unproved bodies within the limit of a day, and as many the next day', async () => {
    const writer = store.quarantineWriter({ ...retention, maxBytesPerDay: 3_000 })
    const body = (text: string) => inputWith({ body: new TextEncoder().encode(text.repeat(1_400)) })
    expect(await writer.keepWithinDay(body('a'))).toBe(true)
    expect(await writer.keepWithinDay(body('a'))).toBe(true)
    expect(await writer.keepWithinDay(body('b'))).toBe(false)
    const other = store.quarantineWriter({ ...retention, maxBytesPerDay: 3_000 })
    expect(await other.keepWithinDay(body('c'))).toBe(false)
    expect((await only()).seen).toBe(1)
    clock.advance(86_400_000)
    expect(await other.keepWithinDay(body('a'))).toBe(true)
  })
}

function describeTombstones(): void {
  const tombstone = (recipient: string) => ({
    recipient,
    erasedAtMs: at('2026-11-21T08:00:00Z'),
    endsAtMs: at('2026-12-26T08:00:00Z'),
    isSuppressionKept: recipient.startsWith('a'),
    waiting: ['b', 'a'],
  })

  it('live until they end or are lifted, and wait for what they are given', async () => {
    const tombstones = store.tombstones()
    await tombstones.put(tombstone('ben@example.com'))
    await tombstones.put({ ...tombstone('ann@example.com'), waiting: [] })
    expect(await tombstones.live()).toEqual([
      { ...tombstone('ann@example.com'), waiting: [] },
      { ...tombstone('ben@example.com'), waiting: ['a', 'b'] },
    ])
    await tombstones.wait(tombstone('ben@example.com'), [])
    await tombstones.wait({ ...tombstone('ann@example.com'), erasedAtMs: 0 }, ['c'])
    await tombstones.wait(tombstone('nobody@example.com'), ['c'])
    expect((await tombstones.live()).map(({ waiting }) => waiting)).toEqual([[], []])
    expect(await tombstones.lift('ben@example.com')).toBe(true)
    expect(await tombstones.lift('ben@example.com')).toBe(false)
    clock.advance(35 * 86_400_000)
    expect(await tombstones.live()).toEqual([])
  })
}

function describeErasure(): void {
  it('finds every delivery with its rows, the expired ones included, and removes them whole', async () => {
    await recordManyOpens({ recipient: 'ann@example.com', message: 'message-1' })
    const sentAtMs = at('2026-11-19T08:00:00Z')
    await record(
      { recipient: 'ann@example.com', message: 'message-2', sentAtMs },
      { recipient: 'ben@example.com', message: 'message-1' },
    )
    clock.advance(401 * 86_400_000)
    const { deliveries } = store.erasableTables()
    const found = await Array.fromAsync(deliveries.ofRecipient('ann@example.com'))
    expect(found.map(({ message, rows }) => [message, rows.length]).sort()).toEqual([
      ['message-1', 4],
      ['message-2', 1],
    ])
    expect(found.find(({ message }) => message === 'message-1')?.rows.at(-1)).toBe('message-1')
    expect(found.find(({ message }) => message === 'message-2')?.requestedAtMs).toBe(sentAtMs)
    for (const one of found) await deliveries.remove('ann@example.com', one)
    expect(await Array.fromAsync(deliveries.ofRecipient('ann@example.com'))).toEqual([])
    expect(await Array.fromAsync(deliveries.ofRecipient('ben@example.com'))).toHaveLength(1)
  })

  it('replaces what is known of an address, or removes it', async () => {
    const evidence = {
      recipient: 'ann@example.com',
      source: 'operator',
      reason: 'by-hand',
      detail: '',
    } as const
    for (const second of [1, 2]) {
      await store.suppressionWriter().suppress({ ...evidence, occurredAtMs: second * 1_000 })
    }
    const { suppressions } = store.erasableTables()
    const leaveFirst = { evidence: ['1970-01-01T00:00:01Z[operator] by-hand'] }
    expect(await suppressions.replace('ann@example.com', (known) => ({ ...known, ...leaveFirst }))).toBe(true)
    expect(await suppressions.ofRecipient('ann@example.com')).toMatchObject(leaveFirst)
    expect(await suppressions.replace('ann@example.com', (known) => known)).toBe(false)
    expect(await suppressions.replace('ann@example.com', () => undefined)).toBe(true)
    expect(await suppressions.ofRecipient('ann@example.com')).toBeUndefined()
    expect(await suppressions.replace('ann@example.com', () => undefined)).toBe(false)
  })

  it('shows whose an inbound mail is, and removes it', async () => {
    await store.inboundWriter(retention).keep(mailWith({ content: 'x'.repeat(400_000) }))
    const { inbound } = store.erasableTables()
    const heads = (await itemsOf(inbound.pages())).flatMap((row) => ('head' in row ? [row.head] : []))
    expect(heads).toMatchObject([
      {
        people: ['support@example.com', 'ann@example.com', 'Ann <ann@example.com>'],
        receivedAtMs: at('2026-11-20T08:00:00Z'),
      },
    ])
    expect(await itemsOf(inbound.heads())).toEqual(heads)
    expect(await inbound.head(heads[0]!.id)).toEqual(heads[0])
    expect(await inbound.remove(heads[0]!)).toBe(true)
    expect(await itemsOf(inbound.pages())).toEqual([])
    expect(await inbound.remove(heads[0]!)).toBe(true)
  })

  it.each([
    ['small', 'a\0b'],
    ['large', 'x'.repeat(500_000)],
  ])(
    'shows what a quarantined body holds, and removes it unless it has arrived again: %s',
    async (_, text) => {
      const input = inputWith({ body: new TextEncoder().encode(text) })
      await store.quarantineWriter(retention).keep(input)
      const { quarantine } = store.erasableTables()
      const heads = async () =>
        (await itemsOf(quarantine.pages())).flatMap((row) => ('head' in row ? [row.head] : []))
      const [head] = await heads()
      expect(head).toMatchObject({ contentType: 'application/json', isOpen: true, isHalfRemoved: false })
      const body = head!.body ?? (await quarantine.partsOf(head!))
      expect(new TextDecoder().decode(body)).toBe(text)
      expect(await quarantine.openSince(at('2026-11-20T08:00:00Z'))).toEqual([head!.id])
      expect(await quarantine.openSince(at('2026-11-20T08:00:01Z'))).toEqual([])
      await store.quarantineWriter(retention).keep({ ...input, receivedAtMs: at('2026-11-20T09:00:00Z') })
      expect(await quarantine.remove(head!)).toBe(false)
      expect(await quarantine.remove((await heads())[0]!)).toBe(true)
      expect(await heads()).toEqual([])
      expect(await quarantine.head(head!.id)).toBeUndefined()
    },
  )
}

function describeShown(): void {
  it('is every field of a row', async () => {
    await record({ recipient: 'ann@example.com', message: 'message-1', kind: 'deferred' })
    const row = await store.rawRow({ recipient: 'ann@example.com', message: 'message-1' })
    const values = new Map(row.map(({ name, values }) => [name, values]))
    expect(values.get('deferred')).toEqual(['2022-06-01T06:24:43Z'])
    expect(values.get('status')).toEqual(['deferred'])
    expect(values.get('statusRank')).toEqual(['20'])
    expect(row.map(({ name }) => name)).toEqual(row.map(({ name }) => name).toSorted())
    expect(await store.rawRow({ recipient: 'ann@example.com', message: 'message-2' })).toEqual([])
  })

  it('is how the last run of each job ended', async () => {
    const runs = store.runStore('job-1')
    expect(await store.runReader('job-1').state()).toBeUndefined()
    await runs.acquire('one', clock.now(), clock.now() + 60_000)
    expect(await store.runReader('job-1').state()).toEqual({ leaseUntilMs: clock.now() + 60_000 })
    await runs.save('one', 'page 7', clock.now() + 60_000)
    const figures = {
      calls: 7,
      rows: 70,
      added: 1,
      known: 2,
      still: 0,
      unreadable: 0,
      stoppedBy: 'done',
    } as const
    await runs.release('one', undefined, figures)
    expect(await store.runReader('job-1').state()).toEqual({ endedAtMs: clock.now(), stoppedBy: 'done' })
    expect(await store.lastRuns(10)).toEqual([
      {
        job: 'job-1',
        endedAtMs: clock.now(),
        figures: new Map(Object.entries(figures).map(([name, value]) => [name, String(value)])),
      },
    ])
    const successor = await store.runStore('job-2', 'job-1').acquire('two', clock.now(), clock.now() + 1)
    expect(successor).toEqual({ checkpoint: 'page 7' })
  })

  it('is how much a piece of work reads, and where the store is', async () => {
    await record({ recipient: 'ann@example.com' })
    const meter = store.readMeter()
    const units = await meter.measure(async (read) => {
      await store.deliveryReader().ofRecipient('ann@example.com')
      return read()
    })
    expect(units).toBeGreaterThan(0)
    expect(Object.keys(await store.place()).sort()).toEqual(['account', 'region'])
    expect(store.tables.deliveries).toMatch(/deliveries$/)
  })
}
