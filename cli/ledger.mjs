#!/usr/bin/env node
import './require-node-24.mjs'
import './small-heap.mjs'

await import('./main.ts')
