import Bowser from 'bowser'

/** Apps that read mail and the servers that fetch its images, by their own names. Bowser knows browsers. */
const mailApps: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/GoogleImageProxy|Gmail-content-sampling/, "Gmail's image proxy"],
  [/YahooMailProxy/, "Yahoo's image proxy"],
  [/^Mozilla\/5\.0$/, "Apple Mail's prefetch"],
  [/Outlook|Microsoft Office/, 'Outlook'],
  [/QQMail/, 'QQ Mail'],
  [/Foxmail/, 'Foxmail'],
  [/MailMaster|NetEase/, 'NetEase Mail Master'],
  [/MicroMessenger/, 'WeChat'],
  [/DingTalk/, 'DingTalk'],
  [/Thunderbird/, 'Thunderbird'],
  [/AppleMail/, 'Apple Mail'],
]

/** Longer agents are no agents. */
const mostCharacters = 1_024

/** A user agent in a few words: device or system, and app or browser, such as `iPhone, Safari`; itself where neither is known. */
export function shortUserAgent(agent: string): string {
  const read = agent.slice(0, mostCharacters)
  const { platform, os, browser } = Bowser.parse(read)
  const app = mailApps.find(([pattern]) => pattern.test(read))?.[1]
  const device = platform.model ?? os.name
  const known = [device, app ?? browser.name].filter((part) => part !== undefined && part !== '')
  // `okhttp/4.9.3` is a name and a version.
  return known.length > 0 ? known.join(', ') : (/^[^\s/]+(?=\/\S*$)/.exec(read)?.[0] ?? read)
}
