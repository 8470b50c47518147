/**
 * Who keeps a mailbox, by the domain of its address. Domains of their own that a provider only hosts cannot be recognized
 * without asking the DNS, and count as `other`.
 */
interface MailboxProvider {
  readonly name: string
  readonly domains: readonly string[]
  /** Parts of the names of its servers, by which they are known in their replies. */
  readonly servers: readonly string[]
  /** Read 2026-11-27. */
  readonly source: string
}

const magy = "Spam Resource, 'MAGY domains', 2021: domains whose MX is the provider's"

export const mailboxProviders: readonly MailboxProvider[] = [
  {
    name: 'qq',
    domains: ['qq.com', 'vip.qq.com', 'foxmail.com'],
    servers: ['qq.com'],
    source: 'QQ Mail help, service.mail.qq.com: kinds of addresses',
  },
  {
    name: 'netease',
    domains: ['163.com', '126.com', 'yeah.net', 'vip.163.com', 'vip.126.com', '188.com', 'vip.188.com'],
    servers: ['163.com', '126.com', 'yeah.net', 'netease.com'],
    source: 'NetEase mail, mail.163.com: free mailboxes and VIP ones',
  },
  {
    name: 'sina',
    domains: ['sina.com', 'sina.cn', 'sina.com.cn', 'vip.sina.com', 'vip.sina.cn'],
    servers: ['sina.com', 'sina.cn'],
    source: 'Sina mail, mail.sina.com.cn: the choice at signing up',
  },
  {
    name: 'sohu',
    domains: ['sohu.com', 'vip.sohu.com'],
    servers: ['sohu.com'],
    source: 'Sohu mail, mail.sohu.com',
  },
  { name: 'china-mobile', domains: ['139.com'], servers: ['139.com'], source: 'China Mobile, mail.10086.cn' },
  {
    name: 'china-telecom',
    domains: ['189.cn', '21cn.com'],
    servers: ['189.cn', '21cn.com'],
    source: 'China Telecom, mail.189.cn and its older mail.21cn.com',
  },
  { name: 'china-unicom', domains: ['wo.cn'], servers: ['wo.cn'], source: 'China Unicom, mail.wo.cn' },
  {
    name: 'aliyun',
    domains: ['aliyun.com'],
    servers: ['aliyun.com', 'mxhichina.com'],
    source: 'Alibaba Cloud, mail.aliyun.com; its hosted domains are at mxhichina.com',
  },
  { name: 'tom', domains: ['tom.com', 'vip.tom.com'], servers: ['tom.com'], source: 'TOM, mail.tom.com' },
  {
    name: 'gmail',
    domains: ['gmail.com', 'googlemail.com'],
    servers: ['google.com', 'gsmtp', 'googlemail.com'],
    source: `${magy}; Google Workspace Admin Help 3726730 for what its servers say`,
  },
  {
    name: 'microsoft',
    domains: [
      ...['outlook.com', 'hotmail.com', 'live.com', 'msn.com', 'windowslive.com', 'passport.com', 'live.cn'],
      ...['outlook.fr', 'outlook.de', 'outlook.es', 'outlook.it', 'outlook.jp', 'outlook.com.br'],
      ...['hotmail.co.uk', 'hotmail.fr', 'hotmail.de', 'hotmail.es', 'hotmail.it', 'hotmail.co.jp'],
      ...['live.co.uk', 'live.fr', 'live.de', 'live.jp'],
    ],
    servers: ['outlook.com', 'hotmail.com'],
    source: magy,
  },
  {
    name: 'yahoo',
    domains: [
      ...['yahoo.com', 'ymail.com', 'rocketmail.com', 'aol.com', 'aim.com'],
      ...['yahoo.co.uk', 'yahoo.fr', 'yahoo.de', 'yahoo.es', 'yahoo.it', 'yahoo.ca', 'yahoo.in'],
      ...['yahoo.co.in', 'yahoo.co.id', 'yahoo.com.au', 'yahoo.com.br', 'yahoo.com.hk', 'yahoo.com.mx'],
      ...['yahoo.com.sg', 'yahoo.com.tw', 'yahoo.com.vn', 'yahoo.com.ph'],
    ],
    servers: ['yahoodns.net', 'yahoo.com', 'aol.com'],
    source: magy,
  },
  {
    name: 'yahoo-japan',
    domains: ['yahoo.co.jp', 'ymail.ne.jp'],
    servers: ['yahoo.co.jp'],
    source: "Spam Resource, 'MAGY domains', 2021: another company, and other servers, than Yahoo's",
  },
  {
    name: 'icloud',
    domains: ['icloud.com', 'me.com', 'mac.com', 'privaterelay.appleid.com'],
    servers: ['icloud.com', 'me.com'],
    source: 'Apple Support 102525 (icloud.com, me.com, mac.com), 105078 (private relay)',
  },
  {
    name: 'gmx',
    domains: ['gmx.net', 'gmx.de', 'gmx.com', 'gmx.at', 'gmx.ch', 'web.de', 'mail.com'],
    servers: ['gmx.net', 'web.de', 'kundenserver.de'],
    source: '1&1 Mail & Media, postmaster.gmx.net: GMX, WEB.DE and mail.com share their servers',
  },
  {
    name: 'mail.ru',
    domains: ['mail.ru', 'bk.ru', 'inbox.ru', 'list.ru', 'internet.ru'],
    servers: ['mail.ru'],
    source: 'Mail.ru help: the domains of its mailboxes',
  },
  {
    name: 'yandex',
    domains: ['yandex.ru', 'yandex.com', 'ya.ru', 'yandex.by', 'yandex.kz'],
    servers: ['yandex.ru', 'yandex.net'],
    source: 'Yandex 360 help: one mailbox under several domains',
  },
  {
    name: 'orange',
    domains: ['orange.fr', 'wanadoo.fr'],
    servers: ['orange.fr', 'wanadoo.fr'],
    source: 'Orange, postmaster.orange.fr',
  },
  { name: 'free', domains: ['free.fr'], servers: ['free.fr'], source: 'Free, postmaster.free.fr' },
  {
    name: 'laposte',
    domains: ['laposte.net'],
    servers: ['laposte.net'],
    source: 'La Poste, postmaster.laposte.net',
  },
  {
    name: 't-online',
    domains: ['t-online.de', 'magenta.de'],
    servers: ['t-online.de'],
    source: 'Telekom, postmaster.t-online.de',
  },
  {
    name: 'naver',
    domains: ['naver.com'],
    servers: ['naver.com'],
    source: 'Naver, mail.naver.com',
  },
  {
    name: 'kakao',
    domains: ['daum.net', 'hanmail.net', 'kakao.com'],
    servers: ['daum.net', 'hanmail.net', 'kakao.com'],
    source: 'Kakao, mail.daum.net: the three domains of one mailbox',
  },
  {
    name: 'docomo',
    domains: ['docomo.ne.jp'],
    servers: ['docomo.ne.jp'],
    source: 'NTT docomo, its carrier mail',
  },
  {
    name: 'au',
    domains: ['ezweb.ne.jp', 'au.com'],
    servers: ['ezweb.ne.jp', 'au.com'],
    source: 'KDDI, its carrier mail',
  },
  {
    name: 'softbank',
    domains: ['softbank.ne.jp', 'i.softbank.jp'],
    servers: ['softbank.ne.jp', 'softbank.jp'],
    source: 'SoftBank, its carrier mail',
  },
  {
    name: 'proton',
    domains: ['proton.me', 'protonmail.com', 'pm.me'],
    servers: ['protonmail.ch'],
    source: 'Proton support: the domains of its addresses',
  },
]

/** The name for all who are not in the table. */
export const otherMailboxProvider = 'other'

const byDomain: ReadonlyMap<string, string> = new Map(
  mailboxProviders.flatMap(({ name, domains }) => domains.map((domain) => [domain, name] as const)),
)

/** Who keeps the mailboxes of a domain (as the tables store it): the name in the table, else `other`. */
export function mailboxProviderOf(domain: string): string {
  return byDomain.get(domain) ?? otherMailboxProvider
}

const byServer = mailboxProviders.flatMap(({ name, servers }) =>
  servers.map((server) => ({
    name,
    server: new RegExp(`(?<![\\w-])${server.replaceAll('.', '\\.')}(?![\\w-])`),
  })),
)

/** The characters of a reply in which a server may name itself. */
const maxReadLength = 1_000

/** Who refused a mail: by the recipient's domain, else by the server that names itself in its reply; else `other`. */
export function refusingProviderOf(domain: string, reply: string): string {
  const known = mailboxProviderOf(domain)
  if (known !== otherMailboxProvider) return known
  const text = reply.slice(0, maxReadLength).toLowerCase()
  return byServer.find(({ server }) => server.test(text))?.name ?? otherMailboxProvider
}
