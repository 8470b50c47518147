// In the bundles this takes the place of the package `mime-db` (serverless.yml): media types by the endings of files, in
// which Tencent's SDK looks for files that are sent. The poll sends none.

// ts-unused-exports:disable-next-line
export default {}
