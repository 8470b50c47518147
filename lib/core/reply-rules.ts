import type { ReplyClass } from './judge-reply.ts'
import type { ReplySource } from './reply-sources.ts'

/** Rises whenever a rule changes. */
export const replyRulesVersion = 2

/** One line of the table. */
interface ReplyRule {
  readonly name: string
  readonly class: ReplyClass
  /** Looked for in what `subjectOf` (replies.ts) makes of a reply: `550 5.1.1: no such user`. */
  readonly pattern: RegExp
  /** Where the meaning is documented or was seen: a key of reply-sources.ts. */
  readonly source: ReplySource
}

/**
 * What the capital words in a pattern mean. Gaps are bounded, so that no text makes a pattern slow.
 * - `NEAR`, `ZHNEAR`: within one sentence.
 * - `MAILBOX`, `ZHBOX`: whose mailbox a reply is about, in the languages that servers write.
 * - `CLOSED`: the state of a mailbox that was given up.
 * - `SENDER`: who sent it, and by what.
 * - `CODE`: among the codes, before the words.
 */
const parts: Readonly<Record<string, string>> = {
  NEAR: '[^.;!?]{0,60}?',
  ZHNEAR: '[^，。；,;]{0,12}?',
  CODE: String.raw`^[^:]*\b`,
  MAILBOX: String.raw`\b(?:user(?:name)?s?|recipients?|rcpt(?: ?to)?|mail ?(?:box(?:es)?|address)|accounts?|(?<!\b(?:ip|client|remote|source|connecting|internet|network|host|server's) )address(?:ee)?s?|e-?mail(?= (?:is |was )?(?:not (?!valid)|do|unknown))|inbox|alias|customer|local.?part|usuario|destinatario|utente|utilisateur|destinataire|adress[ea]|empfanger|benutzer|postfach|konto|buzon|casella|caixa|cuenta|conta|compte|boite|indirizzo)\b`,
  CLOSED: String.raw`(?:deactivated|desactive\w*|disabled|suspend(?:ed)?|closed|locked(?! by (?:another|process|pop))|frozen|terminated|deleted|expired|inactive|archive[de]e?|cancel+ed|dormant|discontinued|retired|gesperrt|deaktiviert|zablokowan\w*|nieaktywn\w*|bloccat[oa]|(?:is ?)?blocked|(?:yet )?activ(?:e|ated)|disabilitat[oa]|disattivat[oa]|deshabilitad[oa]|fechad[oa]|ferme)\b`,
  SENDER: String.raw`\b(?:senders?|sending|envelope|mail ?from|from (?:address|domain|header)|re(?:turn|verse).?(?:path|address)|reply.?to|'?from'? (?:address|domain|header)|emetteur|expediteur|absender\w*|mittente|remitente|remetente|nadawc\w*|afzender|gonderen)\b`,
  ZHBOX: '(?:收件人|收件地址|用[户戶]|[邮郵]箱|信箱|[帐账帳賬][号號户戶]|地址)',
}

/** A line a rule: its name, the class, the source, and the pattern. */
const table = [
  // NetEase (163.com, 126.com, yeah.net) writes letters: which check refused, and why.
  String.raw`
netease-gone gone netease \brc:(?:ld|ne)\b
netease-full full netease \b(?:rp|dt):uqt\b
netease-unclear ambiguous netease \brp:rdn\b
netease-spam spam netease \b(?:dt:s(?:p[am]|ur)|rp:orq)\b
netease-auth auth netease \bmi:spf\b
netease-sender sender netease \bdt:sum\b
netease-blocked blocked netease \b(?:hl:i(?:pb|hu)|rp:rpb|mi:ipb|(?:mi|dt):rbl|wm:bl[iu])\b
netease-size size netease \bdt:(?:sms|ums|mts)\b
netease-flow rate netease \b(?:mi|hl|rp|dt|con|rc):[a-z]{2,4}\b`,
  // What is wrong with the mail or its sender.
  String.raw`
size size servers too (?:large|big)|(?<!inactive (?:for )?)too long|message size|size (?:limit|exceed)|[邮郵]件ZHNEAR(?:[过過]大|太大)|大小超
after-data policy docomo user.*in reply to end of data
listed blocked servers black ?-?list|block ?-?list|spamhaus|spamcop|\b(?:dns[br]l|rbl|[psx]bl)\b|black mail|reputation|黑名[单單]|信誉
authentication auth servers ^53[0458]\b|\b(?:spf|dkim|dmarc)\b|sender.?id\b|authenticat|not authori[sz]ed to send|password|credential|spoof|impersonat|forge[dr]|认证|校验失败
spam spam servers spam|\bjunk\b|unsolicited|\bbulk\b|virus|malware|phish|infected|\bcontent\b|suspicious|medusa|垃圾|病毒|内容
sender-dns auth servers dns mx|\bmx or a\b|(?:from|of) (?:an? )?unknown (?:host|domain)|unknown (?:host|domain)NEAR\bptr|\bptr\b|reverse (?:dns|lookup|host)|dns check|\b[he][eh]lo\b|\bfqdn\b|has no (?:a|mx)\b|not resolve|by dns|domain may not exist
sender-ip blocked servers \byour (?:ip|domain|host|server|network|mail server|mta)\b|\b(?:sending|sender|client|connecting|source) (?:ip|host|server|network|mta)\b|\bip\bNEAR(?:block|list|\bban|reject|den[yi]|refus|poor|restrict)|(?:block|reject|refus|den[yi])\w{0,8}NEAR\bip\b|\bbanned\b|bounce attack|too many (?:unknown|invalid|bad|wrong|non)|access to submit|open ?relay|permanently deferred|messages? fromNEARn't sent|connections? (?:will not|not|are|was|is|refused|rejected|dropped|denied|closed|lost)
blocked blocked servers \b(?:messages?|e?-?mails?|connections?|you|hosts?|servers?|domains?|senders?|networks?|attempts?)NEAR\b(?:blocked|bloques?)\b(?! due to inactivity)|\bblock(?:ed|ing) (?:by|using|for|because|at|from|since|as|mail)\b|^[^:]*: \W*blocked\b
rate rate servers (?:excessive|harvest|dictionary|maximum|more than \d+|number of|percentage of)NEAR(?:unknown|invalid|non-?exist|bad)|frequencyNEARlimit|too (?:many|much|fast|quickly|frequent)|rate.?limit|at a rate|throttl|(?:per|this|an|within an?) (?:hour|minute|day)\b|exceed\w{0,8}NEAR(?:hour|minute|daily|rate|connection|recipients)|(?:sending|daily|hourly|connection|recipient) (?:limit|quota)|unusual rate|\bprisi?on\b|[频頻](?:率|繁)|过多|连接数
inactive-and-full closed google storage space and inactive
full full servers quota|exceed\w{0,8}NEAR(?:storage|allocation)|(?:mail ?box|inbox|account|storage|folder|disk|maildir|user|recipient)\bNEAR\b(?:full\b(?! (?:e-?mail|name|address))|out of (?:disk )?(?:storage|space)|limit ex\w+)|out of storage|mailbox limit|(?:insufficient|not enough|no) (?:\w+ ){0,3}(?:storage|space)|limit exceeded|\bvoll\b|\b(?:plein|llen|pien|chei|vol)[aeo]?\b|przepelnion|переполнен|[满滿](?:$|[^意])|空间不足|容量|配额|いっぱい
sender-said sender servers ^517\b|^[^:]*\b5\.1\.[78]\b|\b(?:your|ihre|votre) (?:e-?mail )?(?:address|adresse|account|mailbox)\b|SENDERNEAR(?:CLOSED|null mx|no such|unavailable|n'existe|n?a?o existe|non esiste|nie istnieje|existiert|inexist|inconnu|unbekannt|sconosciut|desconocid|onbekend)|\b(?:adresse|konto|cuenta|conta|compte|indirizzo|direccion) (?:de[lrs]? |do |da |de l'|des )?SENDER|(?:unknown|invalid|bad|illegal|not exist|not found|not valid|valid)NEAR\b(?:in|\() ?(?:the )?(?:mail from|sender|return.?path|from\b|message header)|no valid from|[发發寄](?:件|信|送)(?:人|者|方|邮箱|郵箱|服务器|帐号|账号)?ZHNEAR(?:不|无|無|未|错|被|停|禁)|[您你]的(?:[邮郵]箱|[帐账帳]|ip)|ip(?:地址|アドレス)|反向解析|отправител|ip-адрес|송신|발신|보낸|送信(?:元|者)|差出人|takiego nadawcy
sender sender servers SENDERNEAR(?:reject|invalid|unknown|must exist|den[yi]|verif|\bnot\b|n't|refus|required|disabled|unvalid|mismatch|syntax|format)|mailfrom|(?:fake|invalid|unknown|unverified|bad|illegal|null|such|denies the) SENDER|domain of sender|local user only|[发發]件人ZHNEAR(?:不|无效|無效|拒|未|错|格式)
relay infrastructure servers \brelay(?:ing)?\b (?:access )?(?:denied|not|prohib|refus|attempt|is not|for)|(?:\bnot|n't|\bno|unable|refus\w{0,8}|den(?:y|ied))[^.;]{0,24}\brelay(?! (?:recipient|domain|map|table))|rcpthosts|\bloop|hop count|too many hops|non-accepted domain|certificate|\btls\b|timed? ?out|中继
no-mx infrastructure servers ^4\S*: .*\bno mx\b`,
  // Words that good sources read in two ways, and words that do not mean what they seem to.
  String.raw`
unavailable-or-denied ambiguous qq mailbox unavailable or access denied
not-found-or-denied gone qq mailbox not found or access denied
not-in-directory gone microsoft ^[^:]*\b5\.4\.1\b.*access denied
unrouteable ambiguous exim unroute?able
one-of-several ambiguous barracuda permanent failure for one or more recipients\W*blocked
suspended-for-now ambiguous coremail temporar\w+ (?:suspend|disabl|deactivat|lock)`,
  // The receiver's rules, and temporary problems.
  String.raw`
protocol infrastructure servers ^(?![^:]*\b5\.1\.).*no valid recipients\W*$|^50[023]\b[^:]*: .*\b(?:rcpt\b(?! ?to account)|command)
policy policy servers accept\w{0,8}NEAR\bfrom (?:you|this|that|outside|known|unknown)|(?:has|hat|ha) (?:blocked|bloque|bloccat)|polic(?:y|ies)|prohibit|restrict|denied your|closed system|(?:reject|refus|den[yi])\w{0,8} by (?:the )?(?:recipient|destination|user|admin|owner)|contact the receiver|\byou (?:are not|cannot)|not (?:allowed|permitted|welcome|authori[sz]ed)|策略
says-it-passes transient servers (?<!(?:check|verif|correct|confirm|fix)[^.;]{0,60})\btry again\b|\blater\b|(?<!not (?:an? )?)tempor[ae]|gr[ea]y-?list|(?<!(?:not|n't) )\bretry\b|\bbusy\b|\bfor now\b|unverified address|maintenance|migration|稍[后後]|[暂暫][时時]|重试`,
  // The mailbox.
  String.raw`
mailbox-closed closed servers MAILBOXNEAR\b(?:is|was|has|are|been|being|now|not|jest|e'|est|es|esta|foi|ist|wurde|a ete|ha sido) (?:\w+ )?CLOSED|MAILBOX:? CLOSED|\b(?:deactivated|disabled|suspended|inactive|expired|closed|deleted|dormant|terminated|archived) (?:(?!for\b)\w+ )?MAILBOX|user ?disabled|account ?disabled|blocked due to inactivity|no longer (?:valid|active|in use|accept(?!ed|NEAR\bfrom)|monitored|with|works|employed)|receiving disabled|disabled with (?:smtp|mta)|(?:casilla|usuario)NEAR(?:expirad|inactiv)|: inactive$
mailbox-closed-chinese closed coremail ZHBOXZHNEAR(?:停用|停止|[冻凍][结結]|禁用|注销|註銷|[关關][闭閉]|[锁鎖]定|被封|封禁|未激活|失效|过期)
no-such-mailbox gone rfc5321 \bno such (?:\w+ ){0,2}(?:user|recipient|mail|account|address|person|alias|customer)|\bno (?:\w+ )?(?:user|mail ?box|account|recipient|person|one) (?:here|by|with|at|found|named|available|exist)|not? (?:an? )?(?:valid|known|local|our|existing) (?:\w+ ){0,3}?(?:user|recipient|mailbox|account|address|customer|e-?mail address)\b|n't a (?:valid|local) (?:\w+ ){0,2}MAILBOX|(?:unknown|invalid|illegal|non-?exist\w*|unrecogni[sz]ed|unresolvable|unavailable|bad|wrong|incorrect|inconnu|unbekannter|ine[xs]istente?)(?:\/inactive)?(?: or illegal| local| virtual| destination| mail| rfc)* MAILBOX(?! error)|not user of|nosuchuser|n't exists? (?:that|this)\b
mailbox-not-there gone rfc5321 MAILBOXNEAR(?:\b(?:does|do|is|was|are|has|have|could|can|cannot)?(?: ?not?|n't)(?: be| been)? (?:exists?|(?<!(?:host|hostname|name|server|record|dns) not )found|known|valid|recogni[sz]ed|listed|registered|located|ok|a member of domain|in recipient (?:list|table|map|data))|\bdo\w{0,4}n't exists?|\b(?:unknown(?! (?:error|reason|problem|fail|cause|status|command))|invalide?(?! (?:resp|comm|arg|data|head|char|sequ|host))|unrecogni[sz]ed|non-?existent|inexistant\w*|ine[xs]istente?|errat[oa]|inconnue?|des[ck]on\w*id[oa]|sconosciut[oa]|unbekannt|onbekend|no existe|nao existe|non esiste|n'existe pas|nie istnieje|existiert nicht|no longer (?:on|exists?)|has moved))\b
mailbox-not-found gone servers \b(?:doesn't|does not|don't|do not) have an?\bNEAR\baccount|\bcannot deliver mail for\b|(?:unable to|can ?not|could(?:n't| not)) (?:find|locate)NEARMAILBOX|mailbox by that name|not found in (?:ldap|directory)|(?:not|n't) handle mail for|^[^:]*: \W*(?:does not exist|not used|unknown)\W*$|nie ma takiego
address-rejected gone qq (?<!(?:sender|client|remote) )address rejected\W*$|(?:recipient|rcpt) rejected\W*$|bad (?:recipient )?address syntax|bad destination
no-such-domain gone rfc7505 (?:find|locate)NEAR\b(?:host\b|recipient domain)|(?:host|domain)(?: or domain)?(?: name)? (?:unknown|not found)|unknown (?:host|domain)|(?<!this |your )\b(?:host|domain)NEAR(?:does not|doesn't) exist|null mx|nxdomain
no-such-mailbox-chinese gone coremail ZHBOXZHNEAR(?:不存在|未找到|无效|無效|不是有效)|地址ZHNEAR(?:错误|不正确|有误)|(?:无此|無此|没有此|沒有此|没有该|找不到|查无此?|查無此?|不存在的?)ZHBOX|[查无無]此人|存在しません|宛先不明|не существует|не на[ий]ден|нет такого|(?:ящик|запись|аккаунт|пользовател\S*)NEAR(?:заблокирован|отключен|удален)|찾을 수 없|見つかりません|неизвестн\S* (?:пользователь|получатель)|존재하지`,
  // What codes mean if the words mean nothing: RFC 3463 and the registry of enhanced status codes.
  String.raw`
code-mailbox gone rfc3463 CODE(?:5\.1\.1)
code-domain gone rfc3463 CODE(?:5\.1\.(?:2|10))
code-syntax gone rfc3463 CODE(?:5\.1\.3)
code-moved gone rfc3463 CODE(?:5\.1\.6)
code-full full rfc3463 CODE(?:[45]\.2\.2|452)
code-size size rfc3463 CODE(?:5\.(?:2\.3|3\.4))
code-sender sender rfc3463 CODE(?:5\.1\.[78])
code-disabled closed rfc3463 CODE(?:5\.2\.1)
code-auth auth rfc3463 CODE(?:5\.7\.(?:2\d|515|509))
code-policy policy rfc3463 CODE(?:[45]\.[67]\.\d+)
code-system infrastructure rfc3463 CODE(?:[45]\.[345]\.[1-9]\d*)`,
  // Words that mean little, used last.
  String.raw`
access-denied policy servers (?:access|service) (?:is )?den|拒[收绝絕]
mailbox-unavailable gone rfc5321 (?:mail ?box|user|recipient)(?: is| was)?(?: currently)? (?:not available|unavailable)`,
]

/**
 * Read from the top: the first rule that matches decides. Words come before codes, since servers put any code beside any
 * words. Rules about the sender come before rules about the mailbox: a working mailbox must not be given up.
 */
export const replyRules: readonly ReplyRule[] = table.flatMap((lines) =>
  lines
    .trim()
    .split('\n')
    .map((line) => {
      const [name = '', replyClass, source, ...pattern] = line.split(' ')
      const whole = pattern
        .join(' ')
        .replace(/ZHNEAR|ZHBOX|NEAR|CODE|MAILBOX|CLOSED|SENDER/g, (part) => parts[part] ?? part)
      return {
        name,
        class: replyClass as ReplyClass,
        source: source as ReplySource,
        pattern: new RegExp(whole),
      }
    }),
)
