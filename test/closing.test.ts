import { openAll } from '../src/closing.ts';

describe('opening one after the other', () => {
  const closed: string[] = [];
  beforeEach(() => closed.splice(0));
  const close = (name: string, fails = false) => {
    closed.push(name);
    return fails ? Promise.reject(new Error(`${name} would not close`)) : Promise.resolve();
  };

  it('closes in reverse, all of it, and throws the first error at the end', async () => {
    const open = await openAll((onClose) => {
      onClose(() => close('first'));
      onClose(() => close('second', true));
      onClose(() => {
        throw new Error(`third threw, ${closed.push('third')}`);
      });
      onClose(() => close('fourth'));
      return Promise.resolve({ url: 'x' });
    });
    await expect(open.close()).rejects.toThrow('third threw');
    expect(closed).toEqual(['fourth', 'third', 'second', 'first']);
    await open.close();
    expect(closed).toHaveLength(4);
  });

  it('tells why it did not open, whatever closing says', async () => {
    const failed = openAll((onClose) => {
      onClose(() => close('first'));
      onClose(() => close('second', true));
      return Promise.reject(new Error('no token'));
    });
    await expect(failed).rejects.toThrow('no token');
    expect(closed).toEqual(['second', 'first']);
  });
});
