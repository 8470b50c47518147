import { describe, expect, it } from '@jest/globals'
import { listRecords } from '../../../../lib/suppressions/import/records.ts'

/** The entries of a file that arrives in parts of so many bytes. */
async function recordsOf(content: string | Uint8Array, partBytes = 7) {
  const bytes = Buffer.from(content)
  async function* parts() {
    for (let from = 0; from < bytes.length; from += partBytes)
      yield await Promise.resolve(bytes.subarray(from, from + partBytes))
  }
  const records = await Array.fromAsync(listRecords(parts()))
  return records.map((record) =>
    'problem' in record ? record : { line: record.line, ...Object.fromEntries(record.fields) },
  )
}

describe('the entries of a CSV file', () => {
  it('are read by the names of their columns, in any spelling, whatever separates fields and lines', async () => {
    const expected = [
      { line: 2, email: 'a@example.com', reason: 'bounce' },
      { line: 4, email: 'b@example.com', reason: 'spam, "really"' },
    ]
    expect(
      await recordsOf(
        '\ufeffE-Mail,Reason\r\na@example.com ,bounce\r\n\r\n b@example.com,"spam, ""really"""\r\n',
      ),
    ).toEqual(expected)
    expect(await recordsOf('e_mail;REASON\na@example.com;bounce\n;\nb@example.com;spam, "really"')).toEqual(
      expected,
    )
    expect(
      await recordsOf('eMail\treason\ra@example.com\tbounce\r\t\rb@example.com\tspam, "really"\r'),
    ).toEqual(expected)
  })

  it('are addresses alone, one a line, where there is no header', async () => {
    expect(await recordsOf('a@example.com\nAnn <b@example.com>\nwho\n')).toEqual([
      { line: 1, email: 'a@example.com' },
      { line: 2, email: 'Ann <b@example.com>' },
      { line: 3, email: 'who' },
    ])
    const noHeader = 'The file has no header line: expected one with a column email, address or recipient'
    await expect(recordsOf('a@example.com,bounce\n')).rejects.toThrow(noHeader)
    await expect(recordsOf('name,reason\nAnn,bounce\n')).rejects.toThrow(noHeader)
  })

  it('lose the apostrophe of our own export, and of no other file', async () => {
    const own = 'recipient,suppressed,reason,since,until,fromDomain,source,provider,message,detail'
    expect(await recordsOf(`${own}\n'=a@example.com\n''+b@example.com\n'c@example.com\n`)).toMatchObject([
      { recipient: '=a@example.com' },
      { recipient: "'+b@example.com" },
      { recipient: "'c@example.com" },
    ])
    expect(await recordsOf("recipient\n'=a@example.com\n")).toMatchObject([{ recipient: "'=a@example.com" }])
  })

  it('are refused from a quote on that is not closed, as is what is no UTF-8', async () => {
    await expect(recordsOf('email,note\na@example.com,"b\nc@example.com,d\n')).rejects.toThrow(
      'The file cannot be read as CSV (line 3): a quote is not closed, or an entry is longer than 65536 bytes.',
    )
    await expect(recordsOf(`email,note\na@example.com,"${'b\n'.repeat(40_000)}"`, 65_536)).rejects.toThrow(
      'an entry is longer than 65536 bytes',
    )
    // 名 in GB18030.
    const gb18030 = Buffer.concat([
      Buffer.from('email,name\na@example.com,x\nb@example.com,'),
      Buffer.of(0xc3, 0xfb),
    ])
    await expect(recordsOf(gb18030, 100)).rejects.toThrow(
      'The file is not UTF-8 (line 3): save it as that, for example with iconv -f GB18030 -t UTF-8',
    )
    await expect(recordsOf(Buffer.from('\ufeffemail', 'utf16le'))).rejects.toThrow('not UTF-8 (line 1)')
    await expect(recordsOf(Buffer.of(0x61, 0xe5, 0x90))).rejects.toThrow('not UTF-8')
  })
})

describe('the entries of a JSON file', () => {
  it('are the objects of its arrays, wherever they stand', async () => {
    const list =
      '{"data": {"results": [\n{"Email": "a@example.com", "campaign": {"n": [{"x": 1}]}},\n{"Email": "{b}\\"]@example.com", "Created": 1443651125, "tags": ["*", "n"], "none": null}\n]}, "paging": {"next": "x"}}'
    expect(await recordsOf(list)).toEqual([
      { line: 2, email: 'a@example.com', campaign: '' },
      { line: 3, email: '{b}"]@example.com', created: '1443651125', tags: '*, n', none: '' },
    ])
    expect(await recordsOf('[{"email":"a@example.com"}]\n[{"email":"b@example.com"}]')).toEqual([
      { line: 1, email: 'a@example.com' },
      { line: 2, email: 'b@example.com' },
    ])
    expect(await recordsOf('[]')).toEqual([])
  })

  it('are refused by themselves where they are broken, and with the file where that is', async () => {
    expect(await recordsOf('[{"email":},\n{"email":"b@example.com"}]')).toEqual([
      { line: 1, problem: 'is no JSON object' },
      { line: 2, email: 'b@example.com' },
    ])
    await expect(recordsOf('[{"email":"a@example.com"}')).rejects.toThrow('(line 1): it ends in the middle')
    await expect(recordsOf('[\n}')).rejects.toThrow('(line 2): } closes nothing')
    await expect(recordsOf(`[{"email":"${'a'.repeat(70_000)}"}]`, 5_000)).rejects.toThrow(
      '(line 1): an entry is longer than 65536 characters',
    )
  })
})
