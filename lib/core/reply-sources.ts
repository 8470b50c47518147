/** Where the meaning of a reply is documented or was seen, by the short name that its rule carries. Read 2026-11-27. */
export const replySources = {
  netease: 'NetEase (163.com, 126.com), help list of returned mail: the letters before and behind the colon',
  qq: 'QQ Mail help, service.mail.qq.com/detail/122 and its list of reasons',
  coremail: 'Coremail, sina and Alibaba Mail help: their texts for returned mail',
  google: 'Google Workspace Admin Help 3726730, Gmail SMTP errors and codes',
  microsoft: 'Microsoft Learn, NDR 550 5.4.1: directory-based edge blocking knows no such recipient',
  docomo: "docomo: the recipient's own filter answers `Unknown user` after DATA",
  exim: 'Exim: the domain does not exist, or has no route for now; good sources read both',
  barracuda: 'Barracuda: read as gone and as blocked by good sources',
  rfc3463: 'RFC 3463 and the IANA registry of enhanced status codes',
  rfc5321: 'RFC 5321 §4.2.3 (550, 551, 553: no such mailbox), and the words that servers put there',
  rfc7505: 'RFC 7505 (null MX), and the words that servers have for a domain that is not there',
  servers:
    'Words of many servers: Postmark SMTP Field Manual, ZoneMTA bounces.txt, KumoMTA bounces.toml, Sisimai',
} as const

export type ReplySource = keyof typeof replySources
