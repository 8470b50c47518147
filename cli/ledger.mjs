#!/usr/bin/env node
import './require-node-24.mjs'

await import('./main.ts')
