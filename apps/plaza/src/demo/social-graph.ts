import { readFile } from 'node:fs/promises'

export const peopleInGraph = 962

/** Pairs of people who follow each other: the Reed98 graph (data/README.md), cut to the first `people` of them. */
export async function readSocialGraph(
  people = peopleInGraph,
): Promise<readonly (readonly [number, number])[]> {
  const text = await readFile(new URL('../../data/socfb-Reed98.edges', import.meta.url), 'utf8')
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => line.split(' ').map(Number) as [number, number])
    .filter(([a, b]) => a < people && b < people)
}
