import type { Fields } from './callback.ts'
import type { SendCloudDelivery, SendCloudMessage } from './mail.ts'

const ours = 'support@mail.example.com'
const oursName = 'Example Shop'
const sendDomain = 'mail.example.com'
const subject = 'Re: Your order has shipped'
const text = 'Thank you! Can it be left with the neighbors?'
const html = `<p>${text}</p>`

/**
 * What SendCloud would post (`route`) when the recipient of a delivery answers it.
 * The document: `reference` is the Message-ID of the mail that is answered, which begins as its emailId does.
 */
export function replyFields(message: SendCloudMessage, delivery: SendCloudDelivery, atMs: number): Fields {
  const reference = `${delivery.emailId.slice(0, delivery.emailId.indexOf('$'))}@${sendDomain}`
  const headers = headersOf(delivery.recipient, reference, atMs)
  return {
    event: 'route',
    message: 'mx route',
    timestamp: String(atMs),
    from: delivery.recipient,
    fromname: nameIn(delivery.recipient),
    to: ours,
    toname: oursName,
    x_mx_mailfrom: delivery.recipient,
    x_mx_rcptto: ours,
    headers: JSON.stringify(headers),
    html,
    text,
    subject,
    raw_message_url: `https://route.example.com/${atMs}.eml`,
    raw_message: rawMessage(headers),
    userHeaders: JSON.stringify(message.headers),
    reference,
    emailId: delivery.emailId,
    labelId: String(message.label?.id ?? 0),
    labelName: message.label?.name ?? '',
  }
}

function headersOf(sender: string, reference: string, atMs: number): Record<string, string> {
  return {
    From: `${nameIn(sender)} <${sender}>`,
    To: `${oursName} <${ours}>`,
    Subject: subject,
    Date: new Date(atMs).toUTCString().replace('GMT', '+0000'),
    'Message-ID': `<${atMs}.reply@${sender.slice(sender.indexOf('@') + 1)}>`,
    'In-Reply-To': `<${reference}>`,
    References: `<${reference}>`,
    'MIME-Version': '1.0',
    'Content-Type': 'multipart/alternative; boundary="reply"',
  }
}

/** RFC 5322, with the text and the HTML as its parts (RFC 2046). */
function rawMessage(headers: Readonly<Record<string, string>>): string {
  const part = (type: string, content: string) => [
    '--reply',
    `Content-Type: ${type}; charset=utf-8`,
    '',
    content,
  ]
  return [
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '',
    ...part('text/plain', text),
    ...part('text/html', html),
    '--reply--',
    '',
  ].join('\r\n')
}

function nameIn(address: string): string {
  return address.slice(0, address.indexOf('@'))
}
