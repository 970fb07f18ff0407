import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { DevKafka, StartKafkaOptions } from './dev-kafka.ts'
import { DevKafkaError } from './dev-kafka-error.ts'
import { freePorts } from './free-ports.ts'
import { findJava, type Java } from './jvm/java-tools.ts'
import { setScramPassword } from './set-scram-password.ts'
import { startKafka } from './start-kafka.ts'

const run = promisify(execFile)
const HOST = '127.0.0.1'
const USER = 'app'
const PASSWORD = 'right'
/** Of every key store, of which each lasts as long as its broker. */
const STORE_PASSWORD = 'store-password'

/** A Kafka on a JVM with secured listeners beside the open one: user `app`, password `right`. */
export interface SecuredKafka extends DevKafka {
  readonly user: string
  readonly password: string
  /** SASL without TLS: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, and OAUTHBEARER with tokens that are not signed. */
  readonly saslBrokers: string
  /** The same over TLS. */
  readonly saslTlsBrokers: string
  /** TLS with client certificates, no SASL. */
  readonly mutualTlsBrokers: string
  /** The certificate that the listeners with TLS show, in PEM. */
  readonly serverCertificate: string
  /** A client's key and certificate that the broker trusts, as PKCS #12. */
  readonly clientStore: { readonly pfx: Buffer; readonly passphrase: string }
}

/**
 * Starts a broker whose listeners ask who is there. Needs Java: key stores come from its `keytool`.
 *
 * @throws DevKafkaError as `startKafka` does
 */
export async function startSecuredKafka(
  options: Pick<StartKafkaOptions, 'version' | 'config' | 'log' | 'timeoutMs'> = {},
): Promise<SecuredKafka> {
  const java = await findJava()
  if ('missing' in java) throw new DevKafkaError('DEV_KAFKA_UNAVAILABLE', java.missing, 'Install a JDK (17 or newer).')
  const directory = await mkdtemp(join(tmpdir(), 'dev-kafka-secured-'))
  try {
    const stores = await makeStores(java, directory)
    const [port, controller, sasl, saslTls, mutualTls] = (await freePorts(5)) as [
      number,
      number,
      number,
      number,
      number,
    ]
    const kafka = await startKafka({
      ...options,
      from: 'jvm',
      port,
      config: { ...listeners({ port, controller, sasl, saslTls, mutualTls }), ...tls(directory), ...options.config },
    })
    await setScramPassword({ host: HOST, port }, { user: USER, password: PASSWORD })
    const stop = async (): Promise<void> => {
      await kafka.stop()
      await rm(directory, { recursive: true, force: true })
    }
    return {
      ...kafka,
      ...stores,
      user: USER,
      password: PASSWORD,
      saslBrokers: `${HOST}:${sasl}`,
      saslTlsBrokers: `${HOST}:${saslTls}`,
      mutualTlsBrokers: `${HOST}:${mutualTls}`,
      stop,
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await rm(directory, { recursive: true, force: true })
    throw error
  }
}

interface Ports {
  readonly port: number
  readonly controller: number
  readonly sasl: number
  readonly saslTls: number
  readonly mutualTls: number
}

function listeners({ port, controller, sasl, saslTls, mutualTls }: Ports): Record<string, string> {
  const open = `PLAINTEXT://${HOST}:${port}`
  const secured = `SASL://${HOST}:${sasl},SASLTLS://${HOST}:${saslTls},MUTUAL://${HOST}:${mutualTls}`
  const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER']
  const security = 'org.apache.kafka.common.security'
  const modules: Readonly<Record<string, string>> = {
    plain: `${security}.plain.PlainLoginModule required user_${USER}="${PASSWORD}";`,
    'scram-sha-256': `${security}.scram.ScramLoginModule required;`,
    'scram-sha-512': `${security}.scram.ScramLoginModule required;`,
    oauthbearer: `${security}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
  }
  const jaas = ['sasl', 'sasltls'].flatMap(listener =>
    Object.entries(modules).map(([mechanism, module]) => [
      `listener.name.${listener}.${mechanism}.sasl.jaas.config`,
      module,
    ]),
  )
  return {
    listeners: `${open},CONTROLLER://${HOST}:${controller},${secured}`,
    'advertised.listeners': `${open},${secured}`,
    'controller.quorum.voters': `1@${HOST}:${controller}`,
    'listener.security.protocol.map':
      'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_PLAINTEXT,SASLTLS:SASL_SSL,MUTUAL:SSL',
    'sasl.enabled.mechanisms': mechanisms.join(','),
    ...Object.fromEntries(jaas),
  }
}

function tls(directory: string): Record<string, string> {
  return {
    'ssl.keystore.type': 'PKCS12',
    'ssl.keystore.location': join(directory, 'server.p12'),
    'ssl.keystore.password': STORE_PASSWORD,
    'ssl.truststore.type': 'PKCS12',
    'ssl.truststore.location': join(directory, 'trusted.p12'),
    'ssl.truststore.password': STORE_PASSWORD,
    'listener.name.mutual.ssl.client.auth': 'required',
  }
}

/** Certificates that vouch for themselves: one of the server, and one of a client, which the server trusts. */
async function makeStores(
  java: Java,
  directory: string,
): Promise<Pick<SecuredKafka, 'serverCertificate' | 'clientStore'>> {
  const file = (name: string): string => join(directory, name)
  const keytool = (...args: readonly string[]) =>
    run(java.command.replace(/java$/, 'keytool'), [...args, '-storepass', STORE_PASSWORD, '-noprompt'])
  const pair = (name: string, ...more: readonly string[]) =>
    keytool(
      ...['-genkeypair', '-alias', name, '-keyalg', 'EC', '-dname', `CN=${name}`, '-validity', '3650'],
      ...['-storetype', 'PKCS12', '-keystore', file(`${name}.p12`), ...more],
    )
  const certificate = (name: string) =>
    keytool('-exportcert', '-rfc', '-alias', name, '-keystore', file(`${name}.p12`), '-file', file(`${name}.pem`))
  await Promise.all([pair('server', '-ext', `SAN=ip:${HOST},dns:localhost`), pair('client')])
  await Promise.all([certificate('server'), certificate('client')])
  await keytool(
    ...['-importcert', '-alias', 'client', '-file', file('client.pem')],
    ...['-storetype', 'PKCS12', '-keystore', file('trusted.p12')],
  )
  return {
    serverCertificate: await readFile(file('server.pem'), 'utf8'),
    clientStore: { pfx: await readFile(file('client.p12')), passphrase: STORE_PASSWORD },
  }
}
