import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

export function buildPackages(root: string): void {
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b'], { cwd: root, stdio: 'inherit' })
}
