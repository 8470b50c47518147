import { describe, expect, it } from '@jest/globals'
import { readEntries, type ReadingOrder } from '../../../../lib/suppressions/import/entries.ts'
import { entryInstant } from '../../../../lib/suppressions/import/entry-instant.ts'
import { listRecords } from '../../../../lib/suppressions/import/records.ts'
import { evidenceLine } from '../../../../lib/core/suppression.ts'
import { eachAsync } from '../../../../local/in-memory-ledger/engine-rules.ts'

const at = (time: string) => Date.parse(time)

/** Each entry as `<recipient> <line of evidence>`, or why it is refused. */
async function entriesOf(content: string, order: Partial<ReadingOrder> = {}): Promise<readonly string[]> {
  const whole = {
    format: 'csv' as const,
    asOfMs: at('2026-11-20T10:00:00Z'),
    nowMs: at('2026-11-23T10:00:00Z'),
    ...order,
  }
  const entries = await Array.fromAsync(readEntries(listRecords(eachAsync([Buffer.from(content)])), whole))
  return entries.map((entry) => {
    if (entry.type === 'evidence') return `${entry.evidence.recipient} ${evidenceLine(entry.evidence)}`
    return entry.type === 'refused' ? `${entry.line}: ${entry.problem}` : 'left aside'
  })
}

describe('an entry of a CSV file', () => {
  it('has a reason in usual words, an instant, a note and a domain', async () => {
    expect(
      await entriesOf(
        'email,reason,date,note,from_domain\n' +
          'Ann <A@Example.com>,Hard Bounce,2026-11-01,550 no such user,\n' +
          'b@example.com,spam-complaint,1793520000,,\n' +
          'c@example.com,unsubscribed,2026-11-01 08:00,,News.example.com\n' +
          'd@example.com,manual,,"two\nlines",\n' +
          'e@example.com,blacklisted,2026-11-01T08:00:00+08:00,,\n',
      ),
    ).toEqual([
      'a@example.com 2026-11-01T00:00:00Z[import] hard-bounce csv - 550 no such user',
      'b@example.com 2026-11-01T08:00:00Z[import] complaint csv -',
      'c@example.com 2026-11-01T08:00:00Z[import] unsubscribe csv - from:news.example.com',
      'd@example.com 2026-11-20T10:00:00Z[import] by-hand csv - two lines',
      'e@example.com 2026-11-01T00:00:00Z[import] blocklist csv -',
    ])
  })

  it('is refused with what is wrong and what was expected', async () => {
    expect(
      await entriesOf(
        'email,reason,date,fromDomain\n' +
          'who\u001b[31m,bounce,,\n' +
          ',bounce,,\n' +
          'a@example.com,,,\n' +
          'a@example.com,550 unknown,,\n' +
          'a@example.com,bounce,yesterday,\n' +
          'a@example.com,bounce,2026-11-25T10:00:01Z,\n' +
          'a@example.com,unsubscribe,,no domain\n' +
          `${'x'.repeat(90)},bounce,,\n`,
      ),
    ).toEqual([
      "2: 'who [31m' is no email address: expected one, such as somebody@example.com",
      '3: has no address',
      '4: has no reason: say one for all such entries with --reason (expected hard-bounce, complaint, unsubscribe, blocklist, by-hand)',
      "5: the reason '550 unknown' is not known: expected hard-bounce, complaint, unsubscribe, blocklist, by-hand",
      "6: 'yesterday' is no instant between 2000 and 2100: expected one such as 2026-11-21T08:00:03Z, or Unix seconds",
      "7: '2026-11-25T10:00:01Z' is in the future, by this machine's clock: 2026-11-23T10:00:00Z",
      "8: 'no domain' is no domain",
      `9: '${'x'.repeat(80)}…' is no email address: expected one, such as somebody@example.com`,
    ])
  })

  it('takes the reason of the operator where it states none', async () => {
    expect(
      await entriesOf('email,reason\na@example.com,\nb@example.com,complaint\n', { reason: 'by-hand' }),
    ).toEqual([
      'a@example.com 2026-11-20T10:00:00Z[import] by-hand csv -',
      'b@example.com 2026-11-20T10:00:00Z[import] complaint csv -',
    ])
  })

  it('cannot pass off its words as a domain or as a judgement', async () => {
    expect(
      await entriesOf(
        'email,reason,note\na@example.com,unsubscribe,from:other.example\nb@example.com,bounce,full/mailbox-full x\n',
      ),
    ).toEqual([
      'a@example.com 2026-11-20T10:00:00Z[import] unsubscribe csv - - from:other.example',
      'b@example.com 2026-11-20T10:00:00Z[import] hard-bounce csv - - full/mailbox-full x',
    ])
  })
})

describe('an entry of the export of another sender', () => {
  it('is read of Amazon SES', async () => {
    const list =
      '{"SuppressedDestinationSummaries": [{"EmailAddress": "a@example.com", "Reason": "BOUNCE", "LastUpdateTime": "2026-04-10T21:03:05.500000+00:00"}, {"EmailAddress": "b@example.com", "Reason": "COMPLAINT", "LastUpdateTime": 1586552585.077}]}'
    expect(await entriesOf(list, { format: 'ses' })).toEqual([
      'a@example.com 2026-04-10T21:03:05.500Z[import] hard-bounce ses -',
      'b@example.com 2020-04-10T21:03:05.077Z[import] complaint ses -',
    ])
  })

  it('is read of SendGrid, by its columns or by the reason of the operator', async () => {
    const list =
      '[{"created":1443651125,"email":"a@example.com","reason":"550 5.1.1 no such user","status":"5.1.1"},{"created":1443651141,"email":"b@example.com","ip":"192.0.2.1"},{"created":1443651154,"email":"c@example.com"}]'
    const [bounce, report] = [
      'a@example.com 2015-09-30T22:12:05Z[import] hard-bounce sendgrid - 550 5.1.1 no such user',
      'b@example.com 2015-09-30T22:12:21Z[import] complaint sendgrid -',
    ]
    expect(await entriesOf(list, { format: 'sendgrid' })).toEqual([
      bounce,
      report,
      expect.stringMatching(/^1: has no reason/),
    ])
    expect(
      await entriesOf('email,created\nc@example.com,2015-09-30 22:12:34\n', {
        format: 'sendgrid',
        reason: 'unsubscribe',
      }),
    ).toEqual(['c@example.com 2015-09-30T22:12:34Z[import] unsubscribe sendgrid -'])
    // A file of blocks looks like one of bounces.
    expect(
      await entriesOf('status,reason,email,created\n5.7.1,550 5.7.1 blocked,a@example.com,1443651125\n', {
        format: 'sendgrid',
        reason: 'blocklist',
      }),
    ).toEqual(['a@example.com 2015-09-30T22:12:05Z[import] blocklist sendgrid - 550 5.7.1 blocked'])
  })

  it('is read of Mailgun', async () => {
    const list =
      '{"items": [{"address": "a@example.com", "code": "550", "error": "No such mailbox", "created_at": "Fri, 21 Oct 2011 11:02:55 GMT"}, {"address": "b@example.com", "tags": ["*"], "created_at": "Fri, 21 Oct 2011 11:02:55 UTC"}], "paging": {"next": "x"}}'
    expect(await entriesOf(list, { format: 'mailgun' })).toEqual([
      'a@example.com 2011-10-21T11:02:55Z[import] hard-bounce mailgun - 550 No such mailbox',
      'b@example.com 2011-10-21T11:02:55Z[import] unsubscribe mailgun - *',
    ])
    expect(
      await entriesOf('address,created_at\nc@example.com,"Fri, 21 Oct 2011 11:02:55 +0200"\n', {
        format: 'mailgun',
        reason: 'complaint',
      }),
    ).toEqual(['c@example.com 2011-10-21T09:02:55Z[import] complaint mailgun -'])
  })

  it('is read of Postmark, whose recipients unsubscribe by hand', async () => {
    const entry = (name: string, reason: string, origin: string) =>
      `{"EmailAddress":"${name}@example.com","SuppressionReason":"${reason}","Origin":"${origin}","CreatedAt":"2019-12-17T08:58:33-05:00"}`
    const list = [
      entry('a', 'ManualSuppression', 'Recipient'),
      entry('b', 'ManualSuppression', 'Customer'),
      entry('c', 'HardBounce', 'Recipient'),
      entry('d', 'SpamComplaint', 'Recipient'),
    ]
    expect(await entriesOf(`{"Suppressions":[${list.join(',')}]}`, { format: 'postmark' })).toEqual([
      'a@example.com 2019-12-17T13:58:33Z[import] unsubscribe postmark - origin Recipient',
      'b@example.com 2019-12-17T13:58:33Z[import] by-hand postmark - origin Customer',
      'c@example.com 2019-12-17T13:58:33Z[import] hard-bounce postmark - origin Recipient',
      'd@example.com 2019-12-17T13:58:33Z[import] complaint postmark - origin Recipient',
    ])
  })

  it('is read of listmonk, and left aside where listmonk goes on sending', async () => {
    expect(
      await entriesOf(
        'uuid,email,name,attributes,status,created_at,updated_at\n' +
          'u1,a@example.com,A,"{""city"": ""X""}",enabled,2021-03-01 10:00:00.123456 +0000 UTC,2021-03-01 10:00:00.123456 +0000 UTC\n' +
          'u2,b@example.com,B,{},blocklisted,2021-03-01 10:00:00 +0000 UTC,2022-03-01 10:00:00.5 +0530 +0530\n',
        { format: 'listmonk' },
      ),
    ).toEqual(['left aside', 'b@example.com 2022-03-01T04:30:00.500Z[import] by-hand listmonk -'])
    const bounces =
      '{"data":{"results":[{"id":1,"type":"hard","email":"a@example.com","created_at":"2021-08-01T10:00:00+05:30","campaign":{"id":1}},{"type":"soft","email":"b@example.com"},{"type":"complaint","email":"c@example.com","created_at":"2021-08-01T10:00:00Z"}]}}'
    expect(await entriesOf(bounces, { format: 'listmonk' })).toEqual([
      'a@example.com 2021-08-01T04:30:00Z[import] hard-bounce listmonk -',
      'left aside',
      'c@example.com 2021-08-01T10:00:00Z[import] complaint listmonk -',
    ])
  })
})

describe('the instant of an entry', () => {
  it.each([
    ['2026/2/1 8:05', '2026-02-01T08:05:00.000Z'],
    ['1793520000250', '2026-11-01T08:00:00.250Z'],
    ['2026-11-01T08:00:00.9999Z', '2026-11-01T08:00:00.999Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
  ])('is read in %s', (text, expected) => {
    expect(new Date(entryInstant(text) ?? 0).toISOString()).toBe(expected)
  })

  it.each([
    '2026-02-29',
    '2026-13-01',
    '2026-11-01 24:00',
    '1970-01-12T13:46:40Z',
    '2150-01-01',
    '0',
    '5',
    '01/02/2026',
  ])('is not guessed of %s', (text) => {
    expect(entryInstant(text)).toBeUndefined()
  })
})
