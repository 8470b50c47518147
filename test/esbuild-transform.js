// Tests and Lambda bundle share one compiler: esbuild, with no option that could make them differ.
import { transformSync } from 'esbuild'

export default {
  process(source, path) {
    const { code, map } = transformSync(source, {
      loader: 'ts',
      format: 'esm',
      target: 'node24',
      sourcefile: path,
      sourcemap: 'external',
    })
    return { code, map }
  },
}
