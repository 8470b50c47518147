// In the bundles this replaces the package `form-data` (serverless.yml), which Tencent's SDK uses to send files; with
// its list of media types it would be a third of the reconcile function. The poll sends none.

// ts-unused-exports:disable-next-line
export default function FormData(): never {
  throw new Error('Sending files is not in the bundle: functions/stand-ins/form-data.ts replaces it.')
}
