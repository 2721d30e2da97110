import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { allStatements, lastUuid } from '@plaza/kernel/data'
import { type ScratchDatabase, scratchDatabase } from '@plaza/kernel/scratch-database'
import { planOf } from '@plaza/testing'
import type { Client } from 'pg'
import { moderationService } from '../src/service.ts'

let scratch: ScratchDatabase
let owner: Client
before(async () => {
  scratch = await scratchDatabase()
  await scratch.open({ name: 'moderation', migrations: moderationService.migrations })
  owner = await scratch.connect()
  await owner.query(past)
})
after(() => scratch[Symbol.asyncDispose]())

// Years of moderation: 40,000 reports, most of them resolved, by 5 moderators; and what they and the admins did.
const past = `
  set search_path = moderation;
  create function id_of(n int) returns uuid immutable language sql as $$ select lpad(to_hex(n * 977), 32, '0')::uuid $$;
  insert into decisions (id, post_id, author_id, action, decided_by, note, carried_out_at)
    select id_of(n), id_of(n), id_of(n % 3000), (array['dismiss', 'hide', 'suspend'])[n % 3 + 1], id_of(n % 5),
      case when n % 2 = 0 then 'x' end, case when n % 5000 <> 1 then now() end
    from generate_series(1, 20000) n;
  insert into reports (id, post_id, author_id, reporter_id, reason, note, closed_at, decision_id)
    select id_of(n), id_of(n / 2 + 1), id_of(n / 2 % 3000 + 100), id_of(n % 50 + 1), 'spam', 'x',
      case when n <= 39000 then now() end, case when n <= 39000 then id_of(n / 2 + 1) end
    from generate_series(1, 39999) n;
  insert into audit (id, at, actor, action, target, detail)
    select id_of(n), now(), id_of(n % 7), (array['post.hidden', 'report.dismissed', 'person.suspended'])[n % 3 + 1],
      'post_' || n / 2, '{}'
    from generate_series(1, 40000) n;
  analyze;
  reset search_path`

const id = '00000000-0000-0000-0000-0000000003d1'
const firstUuid = '00000000-0000-0000-0000-000000000000'
const statement = (name: string) => allStatements().find(each => each.name === `moderation.${name}`)!

type Params = Parameters<typeof planOf>[3]
const older = { from: 40_001, limit: 21 }
const newer = { from: 0, limit: 21 }
const lists: readonly [string, RegExp, Params][] = [
  ['open-after', /reports_open$/, { from: firstUuid, limit: 21 }],
  ['open-before', /reports_open$/, { from: lastUuid, limit: 21 }],
  ['resolved-after', /reports_closed$|reports_pkey$/, { from: firstUuid, limit: 21 }],
  ['resolved-before', /reports_closed$|reports_pkey$/, { from: lastUuid, limit: 21 }],
  ['audit-older', /audit_pkey$/, older],
  ['audit-newer', /audit_pkey$/, newer],
  ['audit-by-action-older', /audit_by_action$|audit_pkey$/, { action: 'post.hidden', ...older }],
  ['audit-by-action-newer', /audit_by_action$|audit_pkey$/, { action: 'post.hidden', ...newer }],
  ['audit-by-actor-older', /audit_by_actor$|audit_pkey$/, { actor: id, action: null, ...older }],
  ['audit-by-actor-newer', /audit_by_actor$|audit_pkey$/, { actor: id, action: null, ...newer }],
  ['own-decisions', /decisions_by$|decisions_pkey$/, { person: id, after: firstUuid, limit: 500 }],
  ['own-audit', /audit_by_actor$|audit_pkey$/, { person: id, after: 0, limit: 500 }],
  ['decisions-against', /decisions_(to_look_at|pkey)$/, { after: firstUuid, limit: 500 }],
]
for (const [name, index, params] of lists) {
  test(`${name} reads its page from an index, in its order`, async () => {
    const plans = await planOf(owner, 'moderation', statement(name), params)
    for (const plan of [plans.custom, plans.generic]) {
      const shown = plan.join(' < ')
      assert.ok(
        plan.some(node => index.test(node)),
        shown,
      )
      assert.ok(!plan.some(node => /^(Sort|Seq Scan|Bitmap)/.test(node)), shown)
    }
  })
}

const reads: readonly [string, Params][] = [
  ['find-report', { id }],
  ['find-open-report', { postId: id, reporterId: id }],
  ['find-decision', { id }],
  ['find-decision-against', { postId: id }],
  ['lock-reports', { id, postId: id }],
  ['close-reports', { ids: [id], decisionId: id }],
  ['mark-carried-out', { id, refusal: null }],
  ['audit-by-target-older', { target: 'post_7', actor: null, action: null, ...older }],
  ['audit-by-target-newer', { target: 'post_7', actor: id, action: null, ...newer }],
  ['own-reports', { person: id, after: firstUuid, limit: 500 }],
  ['forget-reporter', { person: id, limit: 500 }],
  ['forget-decider', { person: id, limit: 500 }],
  ['close-reports-about', { person: id, limit: 500 }],
  ['forget-notes-about', { person: id, limit: 500 }],
]
for (const [name, params] of reads) {
  test(`${name} reads no table from end to end`, async () => {
    const plans = await planOf(owner, 'moderation', statement(name), params)
    for (const plan of [plans.custom, plans.generic])
      assert.ok(!plan.some(node => node.startsWith('Seq Scan')), plan.join(' < '))
  })
}

test('the check bites: a statement without an index is seen to scan', async () => {
  const text = 'select id from reports where reason = $1::text'
  const { custom } = await planOf(owner, 'moderation', { text, params: { reason: 'text' } }, { reason: 'x' })
  assert.deepEqual(custom, ['Seq Scan reports'])
})
