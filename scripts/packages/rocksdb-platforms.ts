/** A platform for which rocksdb-native has a binary that Node can load. Its name is that of the folder in `prebuilds`. */
export interface RocksdbPlatform {
  readonly name: string
  readonly os: string
  readonly cpu: string
  /** Linux only: npm skips the package where another C library is in use. */
  readonly libc?: string
}

export const ROCKSDB_PLATFORMS: readonly RocksdbPlatform[] = [
  { name: 'linux-x64', os: 'linux', cpu: 'x64', libc: 'glibc' },
  { name: 'linux-arm64', os: 'linux', cpu: 'arm64', libc: 'glibc' },
  { name: 'darwin-x64', os: 'darwin', cpu: 'x64' },
  { name: 'darwin-arm64', os: 'darwin', cpu: 'arm64' },
  { name: 'win32-x64', os: 'win32', cpu: 'x64' },
  { name: 'win32-arm64', os: 'win32', cpu: 'arm64' },
]

export function platformPackageName(platform: RocksdbPlatform): string {
  return `@millrace/rocksdb-${platform.name}`
}

/** True for the machine that this runs on. */
export function isThisPlatform({ os, cpu }: RocksdbPlatform): boolean {
  return os === process.platform && cpu === process.arch
}
