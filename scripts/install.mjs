// Makes sure that node_modules holds what package-lock.json says, before any of Plaza's commands.
// Runs on whatever Node the machine has (20 or newer), so: plain JavaScript, nothing imported from packages.
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const pinnedNode = join(root, 'node_modules', '.bin', 'node')

const reason = whyInstall()
if (reason) await install(reason)

function whyInstall() {
  const wanted = packagesOf('package-lock.json')
  const installed = packagesOf('node_modules/.package-lock.json')
  if (!wanted) fail('package-lock.json is missing or broken. Restore it: git checkout package-lock.json')
  // npm writes this file last, so an install that was cut short leaves none.
  if (!installed) return 'first time on this machine'
  for (const [path, { version, integrity, optional }] of Object.entries(wanted)) {
    if (path === '') continue
    const found = installed[path]
    // Optional packages for other platforms are in the lock file, never on disk.
    if (!found && optional) continue
    if (!found || found.version !== version || found.integrity !== integrity)
      return `package-lock.json changed: ${path.slice(path.lastIndexOf('node_modules/') + 13)}`
  }
  return nodeVersion() === wantedNode(wanted) ? undefined : 'the pinned Node.js is missing'
}

async function install(why) {
  const [major] = process.versions.node.split('.')
  if (Number(major) < 20)
    fail(`Plaza needs Node.js 20 or newer to install itself; this is ${process.version}.`)
  console.log(`Installing Plaza's packages (${why}; about 150 MB to fetch) …`)
  const started = Date.now()
  const { code, stopped, words } = await npmCi()
  if (stopped && code !== 0) fail('Stopped. The next start installs again.')
  if (code !== 0) fail(`${beginningOf(words)}\nPlaza could not install its packages: ${hint(words)}`)
  const version = nodeVersion()
  if (version !== wantedNode(packagesOf('package-lock.json'))) fail(nodeHint(version))
  console.log(`Installed in ${Math.round((Date.now() - started) / 1000)} s.`)
}

function npmCi() {
  const args = ['ci', '--include=dev', '--include=optional', '--loglevel=error', '--no-audit', '--no-fund']
  const stdio = ['ignore', 'ignore', 'pipe']
  // The npm and the Node that run this very command, if npm runs it.
  const { npm_execpath: npm, npm_node_execpath: node } = process.env
  const child = npm
    ? spawn(node ?? process.execPath, [npm, ...args], { cwd: root, stdio })
    : spawn('npm', args, { cwd: root, stdio, shell: process.platform === 'win32' })
  let words = ''
  child.stderr.on('data', chunk => {
    words = (words + chunk).slice(-100_000)
  })
  let stopped = false
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(name, () => {
      stopped = true
      child.kill(name)
    })
  return new Promise(resolve => {
    child.on('error', error => resolve({ code: 1, stopped, words: String(error) }))
    child.on('close', code => resolve({ code, stopped, words }))
  })
}

/** What npm says, without its stack traces and its manual. */
function beginningOf(words) {
  const lines = words
    .split('\n')
    .filter(line => /\S/.test(line.replace(/^npm (error|ERR!)/i, '')) && !/^npm \S+\s+at /.test(line))
  const manual = lines.findIndex(line => line.includes('Clean install a project'))
  return lines.slice(0, manual === -1 ? 15 : Math.min(manual, 15)).join('\n')
}

function hint(words) {
  const known = [
    [
      /EUSAGE/,
      'package.json and package-lock.json do not belong together. Restore them (see git status) or, if you changed dependencies, run: npm install',
    ],
    [
      /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET|network/i,
      'the npm registry cannot be reached. Check the network (and the proxy and registry settings of npm), then run the same command again.',
    ],
    [/ENOSPC/, 'the disk is full: it needs about 1 GB free. Then run the same command again.'],
    [/EACCES|EPERM|EROFS/, `no permission to write in ${root}. Run it as the owner of that folder.`],
    [/ENOENT.*npm|spawn npm/, 'there is no npm on this machine. Install Node.js 20 or newer with npm.'],
    [
      /EINTEGRITY/,
      'a package is not what package-lock.json says it must be. Do not go on; npm says more above.',
    ],
  ]
  return (
    known.find(([pattern]) => pattern.test(words))?.[1] ??
    'npm says why, above. Then run the same command again.'
  )
}

function nodeHint(version) {
  if (version) return `node_modules holds Node.js ${version}, not the pinned one. Run: npm rebuild node`
  return `npm installed everything but the pinned Node.js, or it does not run here (${process.platform} ${process.arch}). \
If npm's setting "ignore-scripts" is on, run: npm rebuild --ignore-scripts=false. On Linux it needs glibc 2.28 or newer.`
}

function nodeVersion() {
  const { stdout, status } = spawnSync(pinnedNode, ['--version'], { encoding: 'utf8' })
  return status === 0 ? stdout.trim().slice(1) : undefined
}

function wantedNode(packages) {
  return packages?.['node_modules/node']?.version
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages
  } catch {
    return undefined
  }
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
