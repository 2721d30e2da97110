import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { CallRecord } from '../acceptance/call-record.ts'
import type { Sentence } from './sentences.ts'

const root = join(import.meta.dirname, '..', '..')

/** What is wrong with the claims about *Conventions*: text left out or changed, tests that are not there or did not pass. */
export function faultsOfSentences(
  document: string,
  sentences: readonly Sentence[],
  record: Pick<CallRecord, 'results'>,
): string[] {
  const passed = new Set(record.results.filter(each => each.passed).map(each => each.name))
  return [
    ...faultsOfText(document, sentences),
    ...sentences.flatMap(({ says, tests = [], files = [], later }) => [
      ...tests.filter(test => !passed.has(test)).map(test => `no passing test is called "${test}": ${says}`),
      ...files.filter(file => !existsSync(join(root, file))).map(file => `there is no ${file}: ${says}`),
      ...(tests.length + files.length === 0 && later === undefined ? [`nothing proves: ${says}`] : []),
    ]),
  ]
}

function faultsOfText(document: string, sentences: readonly Sentence[]): string[] {
  const section = /^## Conventions\n([\s\S]*?)^## /m.exec(document)?.[1] ?? ''
  const wanted = normal(section.replaceAll(/^- /gm, ''))
  const claimed = normal(sentences.map(each => each.says).join(' '))
  if (wanted === claimed) return []
  let same = 0
  while (wanted[same] === claimed[same]) same++
  return [`Conventions of API.md is claimed otherwise from here on: ${wanted.slice(same, same + 100)}`]
}

const normal = (text: string) => text.replaceAll(/\s+/g, ' ').trim()
