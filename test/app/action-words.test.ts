import { readAction } from '../../src/app/action-words.ts';

const DBA = '<@U00000000DBA>';
const owner = 'U00000000DBA';

describe('what follows `action`', () => {
  it.each([
    [`add test migrations ${DBA} by 30 June`, { text: 'test migrations', owner, deadline: '30 June' }],
    [`test migrations by 30 June ${DBA}`, { text: 'test migrations', owner, deadline: '30 June' }],
    [`test migrations ${DBA}`, { text: 'test migrations', owner }],
    [`${DBA} to test migrations due friday`, { text: 'test migrations', owner, deadline: 'friday' }],
    [`${DBA}: test migrations`, { text: 'test migrations', owner }],
    [`test migrations, owner: ${DBA}`, { text: 'test migrations,', owner }],
    ['add: test migrations', { text: 'test migrations' }],
    ['add test migrations by hand', { text: 'test migrations by hand' }],
    [`pair with <@U0000000001> ${DBA}`, { text: 'pair with <@U0000000001>', owner }],
    [`add ${DBA}`, { text: '', owner }],
    ['add', { text: '' }],
    ['add two\nlines by +2w', { text: 'two\nlines', deadline: '+2w' }],
    ['done is better than perfect', { text: 'done is better than perfect' }],
    ['done 2 of the three checks', { text: 'done 2 of the three checks' }],
    ['due dates need a check', { text: 'due dates need a check' }],
    ['list all dashboards in the runbook', { text: 'list all dashboards in the runbook' }],
    ['assign an owner to each alert', { text: 'assign an owner to each alert' }],
    ['close the loophole', { text: 'close the loophole' }],
  ])('is a new item: %s', (words, item) => {
    expect(readAction(words)).toEqual({ kind: 'add', ...item });
  });

  it.each([
    ['', { kind: 'list', which: 'open' }],
    ['list', { kind: 'list', which: 'open' }],
    ['list All', { kind: 'list', which: 'all' }],
    ['list mine', { kind: 'list', which: 'mine' }],
    ['list overdue', { kind: 'list', which: 'overdue' }],
    ['done 1', { kind: 'done', number: 1 }],
    ['Done #12', { kind: 'done', number: 12 }],
    ['2 done', { kind: 'done', number: 2 }],
    ['reopen 1', { kind: 'reopen', number: 1 }],
    [`assign 3 ${DBA}`, { kind: 'assign', number: 3, rest: DBA }],
    ['reassign 3 to me', { kind: 'assign', number: 3, rest: 'me' }],
    ['due 3 30 June', { kind: 'due', number: 3, rest: '30 June' }],
    ['due 3 on friday', { kind: 'due', number: 3, rest: 'friday' }],
    ['due 3', { kind: 'due', number: 3, rest: '' }],
    ['done', { kind: 'numberless', verb: 'done', found: 'nothing' }],
    [`assign ${DBA}`, { kind: 'numberless', verb: 'assign', found: DBA }],
  ])('is an act on one: %s', (words, act) => {
    expect(readAction(words)).toEqual(act);
  });
});
