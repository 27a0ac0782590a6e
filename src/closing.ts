/** Things that are opened one after the other and closed in reverse, also when opening fails half-way. */

export type OnClose = (close: () => Promise<void>) => void;

/** Runs `open`; its answer gets a `close` that undoes, in reverse, all that was handed to `onClose`. */
export async function openAll<T extends object>(
  open: (onClose: OnClose) => Promise<T>,
): Promise<T & { readonly close: () => Promise<void> }> {
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const each of closing.splice(0).reverse()) await each();
  };
  try {
    return { ...(await open((each) => closing.push(each))), close };
  } catch (error) {
    await close();
    throw error;
  }
}
