import { describe, expect, it } from '@jest/globals'
import { openMultipart } from '../../../../lib/providers/body/multipart.ts'

const type = 'multipart/form-data; boundary=x'

function read(text: string, contentType = type, wanted?: ReadonlySet<string>): unknown {
  const form = openMultipart(Buffer.from(text, 'latin1'), contentType)
  const parsed = 'problem' in form ? form : form.fields(wanted)
  return 'fields' in parsed ? Object.fromEntries(parsed.fields) : parsed.problem
}

const part = (head: string, value = 'v') => `--x\r\n${head}\r\n\r\n${value}\r\n--x--`
const named = (parameters: string) => part(`Content-Disposition: form-data; ${parameters}`)

describe('the boundary', () => {
  it.each([
    ['multipart/form-data; boundary=x'],
    ['multipart/form-data;boundary=x'],
    ['multipart/form-data; charset=utf-8;  boundary = "x"'],
    ['multipart/form-data; BOUNDARY=x; charset=utf-8'],
  ])('is found in %s', (contentType) => {
    expect(read(named('name="a"'), contentType)).toEqual({ a: 'v' })
  })

  it.each([['multipart/form-data; boundary-of=x'], ['multipart/form-data; boundary='], ['boundary=x']])(
    'is missing in %s',
    (contentType) => {
      expect(read(named('name="a"'), contentType)).toMatchObject({ received: 'no boundary that ends them' })
    },
  )
})

describe('the name of a part', () => {
  it.each([
    ['name="a"', 'a'],
    ['name=ab', 'ab'],
    ['name=ab; x=y', 'ab'],
    ['filename="b"; name="a"', 'a'],
    ['NAME="a"', 'a'],
    [String.raw`name="a\"b\\"`, String.raw`a"b\ `.trim()],
    ['name="a%22b%0D%0Ac"', 'a"b\r\nc'],
    ['name="a%41"', 'a%41'],
  ])('in %j is %j', (parameters, name) => {
    expect(read(named(parameters))).toEqual({ [name]: 'v' })
  })

  it.each([
    ['Content-Disposition:form-data;name="a"'],
    ['content-disposition:   FORM-DATA ; name="a"'],
    ['Content-Type: text/plain\r\nContent-Disposition: form-data; name="a"'],
    ['Content-Disposition: form-data; name="a"\r\nContent-Type: text/plain'],
  ])('stands in the header %j', (head) => {
    expect(read(part(head))).toEqual({ a: 'v' })
  })

  it.each([
    ['X-Content-Disposition: form-data; name="a"'],
    ['Content-Disposition: attachment; name="a"'],
    ['Content-Disposition: form-data; filename="a"'],
    ['Content-Disposition: form-data; name=""'],
    ['Content-Type: text/plain'],
  ])('is none in the header %j, whose part is left out', (head) => {
    expect(read(`--x\r\n${head}\r\n\r\nw\r\n${named('name="b"')}`)).toEqual({ b: 'v' })
  })

  it('that is not UTF-8 makes a body that cannot be read', () => {
    expect(read(named('name="\xff"'))).toEqual({
      pointer: '',
      expected: 'UTF-8 text',
      received: 'a part that is not UTF-8',
    })
  })
})

describe('the parts', () => {
  it('are those that are asked for', () => {
    const two = `--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n${named('name="b"')}`
    expect(read(two, type, new Set(['a']))).toEqual({ a: '1' })
  })

  it('may be preceded by text, be empty, and hold what begins as a delimiter does', () => {
    expect(read(`preamble\r\n${named('name="a"')}`)).toEqual({ a: 'v' })
    expect(read('--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n--x--')).toEqual({ a: '' })
    expect(read('--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n--x--')).toEqual({ a: '' })
    expect(read(part('Content-Disposition: form-data; name="a"', 'v\r\n--xy\r\nw'))).toEqual({
      a: 'v\r\n--xy\r\nw',
    })
    expect(read(`--x \t\r\nContent-Disposition: form-data; name="a"\r\n\r\nv\r\n--x--`)).toEqual({ a: 'v' })
    expect(read('--x--')).toEqual({})
  })

  it.each([
    ['', 'none that is whole'],
    ['--y--', 'none that is whole'],
    ['--xx\r\n', 'none that is whole'],
    ['--x\r\nContent-Disposition: form-data; name="a"\r\n', 'one that is cut off'],
    ['--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nv', 'one that is cut off'],
    ['--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nv\r\n--x', 'one that is cut off'],
  ])('of %j are %s', (text, received) => {
    expect(read(text)).toEqual({ pointer: '', expected: 'the parts of multipart/form-data', received })
  })
})
