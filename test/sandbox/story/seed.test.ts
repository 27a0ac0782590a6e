import { storyOf } from '../../../sandbox/story/seed.ts';

const stories = Array.from({ length: 20 }, (_, index) => storyOf(index + 1));

describe('the stories of seeds 1 to 20', () => {
  it('are the same each time they are told', () => {
    expect(stories.map(({ seed }) => storyOf(seed))).toEqual(stories);
  });

  it('cover every form of the break, every damaged column and every kind of blocker', () => {
    expect(new Set(stories.map(({ form }) => form)).size).toBe(4);
    expect(new Set(stories.flatMap(({ damagedColumns }) => damagedColumns)).size).toBe(4);
    expect(new Set(stories.map(({ damagedColumns }) => damagedColumns.join())).size).toBeGreaterThan(5);
    expect(new Set(stories.map(({ share }) => share)).size).toBeGreaterThan(10);
    expect(new Set(stories.map(({ blocker }) => `${blocker.role} ${blocker.lock}`)).size).toBe(4);
  });

  it('never damage the column that they drop', () => {
    for (const { change, damagedColumns } of stories) {
      if (change.kind === 'drop-column') expect(damagedColumns).not.toContain(change.column);
      expect(damagedColumns.length).toBeGreaterThan(0);
    }
  });
});
