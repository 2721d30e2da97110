import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { basename } from 'node:path/posix'
import { type Node, parseSync, Visitor } from 'oxc-parser'
import { isTest, whyNot, workspaceOf } from './import-rules.ts'

export interface Breach {
  path: string
  line: number
  rule: string
  message: string
}

const fileLimit = 400
const fileAdvice = 300
const serviceLimit = 2_500
/** Services that are larger, and why they are not two: docs/decisions/0041-large-services.md. */
const largeServices: Readonly<Record<string, number>> = {
  'services/posts': 4_500,
  'services/timelines': 2_800,
}
const envMessage = 'only packages/kernel/src/config reads the environment'

/** What neither the compiler nor Biome can say about our code: who imports whom, who reads the environment, names, sizes. */
export function houseRules(root: string): { breaches: Breach[]; advice: string[]; files: number } {
  const paths = globSync('{packages,services,apps}/*/**/*.{ts,tsx,mjs}', { cwd: root, exclude: skipFolder })
    .concat(globSync('{bench,test,scripts}/**/*.{ts,tsx,mjs}', { cwd: root, exclude: skipFolder }))
    .map(path => path.replaceAll('\\', '/'))
    .sort()
  const breaches: Breach[] = []
  const advice: string[] = []
  const serviceLines = new Map<string, number>()
  for (const path of paths) {
    const text = readFileSync(join(root, path), 'utf8')
    const lines = text.split('\n').length - 1
    breaches.push(...placeRules(path, lines), ...codeRules(path, text))
    if (lines > fileAdvice && lines <= fileLimit)
      advice.push(`${path} has ${lines} lines: are there two subjects in it?`)
    if (path.startsWith('services/') && !isTest(path)) {
      const service = workspaceOf(path)!.folder
      serviceLines.set(service, (serviceLines.get(service) ?? 0) + lines)
    }
  }
  for (const [service, lines] of serviceLines) {
    const limit = largeServices[service] ?? serviceLimit
    if (lines > limit)
      breaches.push({
        path: service,
        line: 1,
        rule: 'service-size',
        message: `${lines} lines: beyond ${limit} it is two services`,
      })
  }
  return { breaches, advice, files: paths.length }
}

function skipFolder(path: string): boolean {
  return /(^|[\\/])(node_modules|\.plaza|dist)$|^test[\\/]bad$/.test(path)
}

function placeRules(path: string, lines: number): Breach[] {
  const found: Breach[] = []
  const add = (rule: string, message: string) => found.push({ path, line: 1, rule, message })
  const [subject = ''] = basename(path).split('.')
  if (!workspaceOf(path))
    add('import-rule', 'no import rule is written for this folder: add it to scripts/import-rules.ts')
  if (/^(utils?|helpers?|common|misc|types)$/.test(subject))
    add('file-name', `"${subject}" says nothing: name the file for its subject`)
  if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)+$/.test(basename(path)))
    add('file-name', 'file names are kebab-case')
  if (lines > fileLimit) add('file-size', `${lines} lines, the limit is ${fileLimit}`)
  return found
}

function codeRules(path: string, text: string): Breach[] {
  const { program, comments, errors } = parseSync(path, text)
  const found: Breach[] = []
  const add = (at: { start: number }, rule: string, message: string) =>
    found.push({ path, line: text.slice(0, at.start).split('\n').length, rule, message })
  for (const error of errors) add(error.labels[0] ?? { start: 0 }, 'syntax', error.message)
  for (const comment of comments)
    if (/\b(TODO|FIXME|XXX|HACK)\b/.test(comment.value))
      add(comment, 'unfinished', 'finish it, or file an issue')

  const imported = (at: Node, source: Node | null) => {
    const specifier = fixedText(source)
    const reason = specifier === undefined ? 'imports a name made at run time' : whyNot(path, specifier)
    if (reason && !(specifier === undefined && mayImportLate))
      add(at, 'import', `${specifier ?? 'import(…)'}: ${reason}`)
  }
  const mayReadEnv = readsEnv(path)
  const mayImportLate = isTest(path) || workspaceOf(path)?.rank === 'everything'
  new Visitor({
    ImportDeclaration: node => {
      imported(node, node.source)
      if (!mayReadEnv && /^(node:)?process$/.test(node.source.value)) add(node, 'environment', envMessage)
    },
    ExportNamedDeclaration: node => node.source && imported(node, node.source),
    ExportAllDeclaration: node => imported(node, node.source),
    ImportExpression: node => imported(node, node.source),
    TSImportType: node => imported(node, node.source),
    CallExpression: node => {
      if (nameOf(node.callee) === 'require' || nameOf(node.callee) === 'import.meta.resolve')
        imported(node, (node.arguments[0] as Node | undefined) ?? null)
      if (/^(test|it|describe|suite)\.only$/.test(nameOf(node.callee)))
        add(node, 'test-only', 'one test alone hides all others')
      if (/^(test|it|describe|suite)\.(skip|todo)$/.test(nameOf(node.callee)))
        add(node, 'test-skip', 'a skip names what is wanting: skipUnless(…) of @plaza/testing')
    },
    MemberExpression: node => {
      if (!mayReadEnv && /(^|\.)process\.env$/.test(nameOf(node))) add(node, 'environment', envMessage)
    },
    VariableDeclarator: node => {
      if (
        mayReadEnv ||
        node.id.type !== 'ObjectPattern' ||
        !node.init ||
        !/(^|\.)process$/.test(nameOf(node.init))
      )
        return
      if (node.id.properties.some(property => property.type === 'Property' && nameOf(property.key) === 'env'))
        add(node, 'environment', envMessage)
    },
  }).visit(program)
  return found
}

/** Tools and tests start processes and find servers by the environment; the product reads it in one place. */
function readsEnv(path: string): boolean {
  return /^(packages\/kernel\/src\/config|packages\/testing|scripts|bench|test)\//.test(path) || isTest(path)
}

/** `a.b['c']` → "a.b.c"; anything that is not such a chain of names → "". */
function nameOf(node: Node): string {
  if (node.type === 'Identifier') return node.name
  if (node.type === 'MetaProperty') return `${node.meta.name}.${node.property.name}`
  if (node.type === 'Literal') return typeof node.value === 'string' ? node.value : ''
  if (node.type === 'ParenthesizedExpression' || node.type === 'ChainExpression')
    return nameOf(node.expression)
  if (node.type !== 'MemberExpression') return ''
  if (node.computed && node.property.type !== 'Literal') return ''
  const object = nameOf(node.object)
  const property = nameOf(node.property)
  return object && property ? `${object}.${property}` : ''
}

/** The module's name, or, of a template, its fixed beginning if that already names a package that is not ours. */
function fixedText(node: Node | null): string | undefined {
  if (node?.type === 'Literal') return String(node.value)
  if (node?.type !== 'TemplateLiteral') return undefined
  const start = node.quasis[0]?.value.raw ?? ''
  if (node.quasis.length === 1) return start
  return /^(@(?!plaza\/)[\w-]+\/|[\w-]+\/)/.test(start) ? start : undefined
}
