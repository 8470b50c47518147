// In the bundles this takes the place of the package `form-data` (serverless.yml), with which Tencent's SDK sends files;
// with its list of media types it would be a third of the reconcile function. The poll sends none.

// ts-unused-exports:disable-next-line
export default function FormData(): never {
  throw new Error('A file is to be sent, which functions/stand-ins/form-data.ts leaves out of the bundle.')
}
