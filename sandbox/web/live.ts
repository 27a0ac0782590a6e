/** Keeps the page up to date: told of changes over a WebSocket, and asking each second while there is none. */
import { useCallback, useEffect, useRef, useState } from 'react';
import type { Call, State, Story } from './model.ts';
import { share } from './share.ts';
import { get } from './slack.ts';

export interface Live {
  readonly state: State | undefined;
  readonly calls: readonly Call[];
  readonly story: Story | undefined;
  /** False while the local Slack does not answer. */
  readonly online: boolean;
  readonly refresh: () => void;
}

const POLL_MS = 1000;
const STORY_MS = 1000;
const KEPT_CALLS = 500;

export function useLive(viewer: string): Live {
  const [state, setState] = useState<State>();
  const [calls, setCalls] = useState<readonly Call[]>([]);
  const [story, setStory] = useState<Story>();
  const [online, setOnline] = useState(true);

  const load = useCallback(async () => {
    try {
      const next = await get<State>(`state?as=${encodeURIComponent(viewer)}`);
      setState((before) => share(before, next));
      setOnline(true);
    } catch {
      setOnline(false);
    }
  }, [viewer]);
  const refresh = useOneAtATime(load);
  useEffect(refresh, [refresh, load]);

  const loadCalls = useCallback(async () => {
    const all = await get<readonly Call[]>('calls').catch(() => undefined);
    if (all) setCalls((before) => share(before, all.slice(-KEPT_CALLS)));
  }, []);

  useEffect(() => {
    return listen({
      changed: refresh,
      called: (call) => setCalls((before) => [...before, call].slice(-KEPT_CALLS)),
      opened: () => {
        refresh();
        void loadCalls();
      },
      silent: () => {
        refresh();
        void loadCalls();
      },
    });
  }, [refresh, loadCalls]);

  useEffect(() => {
    const ask = async (): Promise<void> => {
      const next = await get<Story>('story').catch(() => undefined);
      if (next) setStory((before) => share(before, next));
    };
    void ask();
    const timer = setInterval(() => void ask(), STORY_MS);
    return () => clearInterval(timer);
  }, []);

  return { state, calls, story, online, refresh };
}

/** Runs it again when it was asked for while it ran, in its newest form: another person may be acting by then. */
function useOneAtATime(work: () => Promise<void>): () => void {
  const running = useRef<'no' | 'yes' | 'again'>('no');
  const newest = useRef(work);
  newest.current = work;
  return useCallback(() => {
    const run = async (): Promise<void> => {
      running.current = 'yes';
      await newest.current();
      const again = (running.current as string) === 'again';
      running.current = 'no';
      if (again) await run();
    };
    if (running.current === 'no') void run();
    else running.current = 'again';
  }, []);
}

interface Ears {
  readonly changed: () => void;
  readonly called: (call: Call) => void;
  readonly opened: () => void;
  /** Each second without a connection. */
  readonly silent: () => void;
}

/** Answers with what ends it. */
function listen(ears: Ears): () => void {
  let socket: WebSocket | undefined;
  const connect = (): void => {
    socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/sandbox/live`);
    socket.onopen = ears.opened;
    socket.onmessage = ({ data }: MessageEvent<string>) => {
      const news = JSON.parse(data) as { kind: string } & Call;
      if (news.kind === 'call') ears.called(news);
      else ears.changed();
    };
  };
  connect();
  const timer = setInterval(() => {
    if (socket?.readyState === WebSocket.OPEN) return;
    ears.silent();
    if (socket?.readyState === WebSocket.CLOSED) connect();
  }, POLL_MS);
  return () => {
    clearInterval(timer);
    socket?.close();
  };
}
