import { service } from '@plaza/kernel/service'
import { relationChanger } from './change-relation.ts'
import { checksOf } from './checks.ts'
import { users } from './contract.ts'
import { editMe } from './edit-profile.ts'
import { forSearch } from './for-search.ts'
import { forServices } from './for-services.ts'
import { findByUsername, getProfile, ownProfile } from './get-profile.ts'
import { listPeople } from './list-people.ts'
import { countPosts, followAccounts, profileJobs } from './on-events.ts'
import { peopleOf } from './people.ts'
import { personal } from './personal.ts'

export const usersService = service(users, new URL('../migrations/', import.meta.url), kit => {
  const people = peopleOf(kit)
  const change = relationChanger(kit, people)
  return {
    handlers: {
      me: ownProfile(kit, people),
      editMe: editMe(kit, people),
      get: getProfile(people),
      find: findByUsername(people),
      follow: change('follow', true),
      unfollow: change('follow', false),
      block: change('block', true),
      unblock: change('block', false),
      mute: change('mute', true),
      unmute: change('mute', false),
      followers: listPeople(kit, people, 'followers'),
      following: listPeople(kit, people, 'following'),
      ...forServices(people),
      ...forSearch(kit, people),
    },
    subscriptions: [followAccounts(kit), countPosts()],
    jobs: profileJobs(people),
    personal: personal(kit),
    checks: checksOf(kit),
  }
})
