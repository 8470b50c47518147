// In the bundles this replaces the package `whatwg-url` (serverless.yml), which node-fetch loads for a Node without
// `URL`: with its character tables it would be half of the reconcile function.

// ts-unused-exports:disable-next-line
export default { URL }
