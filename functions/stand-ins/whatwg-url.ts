// In the bundles this takes the place of the package `whatwg-url` (serverless.yml), which node-fetch loads for a Node
// without `URL`: with its tables of characters it would be half of the reconcile function.

// ts-unused-exports:disable-next-line
export default { URL }
