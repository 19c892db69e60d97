import { dirname, join } from 'node:path'
import type { BunPlugin } from 'bun'

/** Everything that `Bun.build` needs to know beyond its options. */

/**
 * Compiles tiny-secp256k1's wasm in. The package computes the path of its wasm from its own
 * `import.meta.url`, which in an executable is /$bunfs/root, where nobody has put it: every
 * start would end with ENOENT. An import `{ type: 'file' }` puts it there and gives its path.
 */
export const embedSecpWasm: BunPlugin = {
  name: 'embed-secp-wasm',
  setup: (build) => {
    build.onLoad({ filter: /[\\/]tiny-secp256k1[\\/]lib[\\/]wasm_path\.js$/ }, ({ path }) => ({
      loader: 'js',
      contents: [
        `import file from ${JSON.stringify(join(dirname(path), 'secp256k1.wasm'))} with { type: 'file' }`,
        `export const path = () => file`,
      ].join('\n'),
    }))
  },
}

/**
 * ink imports react-devtools-core, which we do not install, in a branch that we never take.
 * `--external` is no way out: its static import is hoisted, and then `--version` fails too.
 */
export const inkWithoutDevtools: BunPlugin = {
  name: 'ink-without-devtools',
  setup: (build) => {
    build.onResolve({ filter: /^react-devtools-core$/ }, ({ path }) => ({
      path,
      namespace: 'nothing',
    }))
    build.onLoad({ filter: /.*/, namespace: 'nothing' }, () => ({
      loader: 'js',
      contents: 'export default { initialize() {}, connectToDevTools() {} }',
    }))
  },
}
