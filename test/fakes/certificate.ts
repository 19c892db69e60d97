import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const openssl = Bun.which('openssl')

/** Whether certificates can be made on this machine. */
export const hasOpenssl = openssl !== null
if (!hasOpenssl)
  process.stderr.write('!! NOT TRIED: TLS, since there is no openssl to make a certificate\n')

/** Makes a self-signed certificate for localhost in a folder: cert.pem and key.pem. */
export const makeCertificate = (
  folder: string,
  name: string,
  days = 2,
): { cert: string; key: string; certFile: string; keyFile: string } => {
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const names = 'DNS:localhost,DNS:router.example.com,DNS:*.example.org,IP:127.0.0.1'
  const made = Bun.spawnSync(
    `${openssl} req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days ${days} -subj /CN=${name}`
      .split(' ')
      .concat('-addext', `subjectAltName=${names}`, '-keyout', keyFile, '-out', certFile),
  )
  if (made.exitCode !== 0) throw new Error(made.stderr.toString())
  return {
    cert: readFileSync(certFile, 'utf8'),
    key: readFileSync(keyFile, 'utf8'),
    certFile,
    keyFile,
  }
}

/** An authority and what it signed for this machine, as clnrest makes them: ca.pem, server.pem and its key in a folder. */
export const makeAuthority = (folder: string): { cert: string; key: string } => {
  const path = (name: string) => join(folder, name)
  const sign = (name: string, subject: string, ...more: string[]) => {
    const made = Bun.spawnSync(
      `${openssl} req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2`
        .split(' ')
        .concat('-subj', `/CN=${subject}`, ...more)
        .concat('-keyout', path(`${name}-key.pem`), '-out', path(`${name}.pem`)),
    )
    if (made.exitCode !== 0) throw new Error(made.stderr.toString())
  }
  sign('ca', 'cln Root REST CA')
  const names = ['-addext', 'subjectAltName=DNS:cln,DNS:localhost']
  const leaf = ['-addext', 'basicConstraints=critical,CA:FALSE']
  sign(
    'server',
    'cln rest server',
    '-CA',
    path('ca.pem'),
    '-CAkey',
    path('ca-key.pem'),
    ...names,
    ...leaf,
  )
  return {
    cert: readFileSync(path('server.pem'), 'utf8'),
    key: readFileSync(path('server-key.pem'), 'utf8'),
  }
}

/** Who the certificate of the server at a port of this machine is for, as openssl shows it. */
export const subjectAt = (port: number | string): string =>
  Bun.spawnSync([
    'bash',
    '-c',
    `${openssl} s_client -connect 127.0.0.1:${port} </dev/null 2>/dev/null | ${openssl} x509 -noout -subject`,
  ]).stdout.toString()
