import type { InstalledBroker } from './install-broker.ts'

/**
 * The JVM's arguments for one broker. `start`: only the quick compiler and the collector with the least set-up.
 * `throughput`: the optimising compiler, a parallel collector and more heap.
 */
export function javaArguments(
  installed: InstalledBroker,
  settingsFile: string,
  tuning: 'start' | 'throughput',
  archive: string | undefined,
): readonly string[] {
  const flags =
    tuning === 'start'
      ? ['-Xms128m', '-Xmx512m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']
      : ['-Xms512m', '-Xmx1g', '-XX:+UseParallelGC']
  return [
    ...flags,
    // `auto`: an archive of another Java, or none, costs time but is no failure.
    '-Xshare:auto',
    ...(archive === undefined ? [] : [`-XX:SharedArchiveFile=${archive}`]),
    '-Dorg.slf4j.simpleLogger.showDateTime=true',
    '-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS',
    '-cp',
    installed.classPath,
    'kafka.Kafka',
    settingsFile,
  ]
}
