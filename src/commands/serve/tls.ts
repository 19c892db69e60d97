import { stat } from 'node:fs/promises'
import type { Settings } from '../../engine/base/config/resolve.ts'
import { Fault, isFault } from '../../engine/base/fault.ts'
import { quoted } from '../../engine/identity/key-file.ts'
import { type Tls, checkTls } from '../../engine/transport/tls.ts'
import { readText } from '../read.ts'
import { about } from '../unlock.ts'

/** More than that is no certificate. */
const PEM_BYTES = 1_048_576

/**
 * The certificate and key of the door as its files have them now; undefined where none are set.
 * @throws Fault `config` `tls.one` | `tls.readable` | `tls.certificate` | `tls.key` | `tls.expired`;
 * those of readText
 */
export const readTls = async (settings: Settings): Promise<Tls | undefined> => {
  const certFile = settings.get('router.tls_cert')
  const keyFile = settings.get('router.tls_key')
  if (certFile === undefined && keyFile === undefined) return undefined
  if (certFile === undefined || keyFile === undefined)
    throw new Fault(
      'config',
      'tls.one',
      'TLS needs a certificate and its key, and one is missing',
      {
        hint: 'give both: --tls-cert FILE --tls-key FILE',
      },
    )
  await checkPrivate(keyFile)
  const cert = await readText(certFile, PEM_BYTES)
  const key = await readText(keyFile, PEM_BYTES)
  try {
    checkTls({ cert, key }, Date.now())
  } catch (error) {
    if (!isFault(error)) throw error
    throw about(error, error.kind, error.code === 'tls.key' ? keyFile : certFile)
  }
  return { cert, key }
}

// A group may read it: distributions keep one for programs that speak TLS.
const checkPrivate = async (file: string): Promise<void> => {
  const stats = await stat(file).catch(() => undefined)
  if (process.platform === 'win32' || !stats?.isFile() || (stats.mode & 0o007) === 0) return
  throw new Fault('config', 'tls.readable', `everybody can read ${file}`, {
    hint: `chmod o= ${quoted(file)}`,
  })
}
