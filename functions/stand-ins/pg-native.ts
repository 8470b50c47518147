// In the bundles this replaces the packages `pg-native` and `pg-cloudflare` (serverless.yml), which `pg` names for whoever
// has libpq, or runs in a worker of Cloudflare's. The one is compiled, so a bundle cannot hold it.

const problem =
  'Only sockets of Node are in the bundle: functions/stand-ins/pg-native.ts replaces the others.'

// ts-unused-exports:disable-next-line
export function CloudflareSocket(): never {
  throw new Error(problem)
}

// ts-unused-exports:disable-next-line
export default function Native(): never {
  throw new Error(problem)
}
