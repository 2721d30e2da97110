import { type Db, sql, toUuid } from '@plaza/kernel/data'
import type { PersonalData } from '@plaza/kernel/service'
import { timeOfVoice } from './trending-score.ts'
import { forgetUses, useColumns } from './trending-store.ts'

const exported = 500
const usesPerStep = 200
const voicesPerStep = 1_000

/** What trending holds of a person: for what they spoke in the last days, and which tags their posts bear. */
export function trendingPersonal(db: Db): PersonalData {
  return {
    export: async (person, after = '') => {
      const rows = await voicesOf.all(db, { person: toUuid(person), after, limit: exported })
      return {
        records: rows.map(row => ({
          kind: 'trending-voice',
          data: { for: row.subject, at: new Date(timeOfVoice(row.voice)).toISOString() },
        })),
        next: rows.length < exported ? null : rows.at(-1)!.subject,
      }
    },
    erase: async person => {
      const own = { person: toUuid(person) }
      const { uses, voices } = await db.transaction(async tx => {
        const uses = await forgetUses(tx, await usesOf.all(tx, { ...own, limit: usesPerStep }))
        // With the last of their tags went what they said for them; the rest becomes nobody's.
        const isLast = uses < usesPerStep
        return { uses, voices: isLast ? await disown.run(tx, { ...own, limit: voicesPerStep }) : 0 }
      })
      return {
        done: uses < usesPerStep && voices < voicesPerStep,
        erased: { trendingTags: uses, trendingVoices: voices },
      }
    },
  }
}

const voicesOf = sql({
  name: 'timelines.voices-of-person',
  params: { person: 'uuid', after: 'text', limit: 'int4' },
  row: { subject: 'text', voice: 'float8' },
})`
  select subject, voice
  from voices
  where person_id = ${'person'} and subject > ${'after'}
  order by subject
  limit ${'limit'}`

const usesOf = sql({
  name: 'timelines.tag-uses-of-person',
  params: { person: 'uuid', limit: 'int4' },
  row: useColumns,
})`
  select post_id, tag, person_id
  from tag_posts
  where person_id = ${'person'}
  limit ${'limit'}`

// Somebody spoke for it, and that stays so until it is old; who it was, and that several were one, is forgotten.
const disown = sql({ name: 'timelines.disown-voices', params: { person: 'uuid', limit: 'int4' } })`
  update voices v
  set person_id = gen_random_uuid()
  from (
    select subject
    from voices
    where person_id = ${'person'}
    limit ${'limit'}
    for update
  ) own
  where v.subject = own.subject and v.person_id = ${'person'}`
