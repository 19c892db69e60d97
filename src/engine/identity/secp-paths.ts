/** ABI versions with BIP-340 over messages of any length, newest first. */
const VERSIONS = [6, 5, 2, 1, 0]

const TRIPLETS: Readonly<Record<string, string>> = {
  x64: 'x86_64-linux-gnu',
  arm64: 'aarch64-linux-gnu',
}

/**
 * Where a system keeps libsecp256k1, best first. Absolute paths only: for a bare name that
 * the system does not have, Bun 1.4.5 loads a file of that name from the working directory,
 * so that a stranger's folder could bring code into our process; dyld has done the same.
 * Other systems, and those that keep it elsewhere, use the wasm.
 */
export const libsecp256k1Paths = (
  platform: string = process.platform,
  arch: string = process.arch,
): string[] => {
  const folders = foldersOf(platform, arch)
  const names = VERSIONS.map((version) =>
    platform === 'darwin' ? `libsecp256k1.${version}.dylib` : `libsecp256k1.so.${version}`,
  )
  return names.flatMap((name) => folders.map((folder) => `${folder}/${name}`))
}

const foldersOf = (platform: string, arch: string): string[] => {
  if (platform === 'darwin') return ['/opt/homebrew/lib', '/usr/local/lib', '/opt/local/lib']
  if (platform !== 'linux') return []
  const triplet = TRIPLETS[arch]
  return [
    ...(triplet ? [`/usr/lib/${triplet}`, `/lib/${triplet}`] : []),
    '/usr/lib64',
    '/usr/lib',
    '/lib64',
    '/lib',
    '/usr/local/lib',
    '/usr/local/lib64',
  ]
}
