/** Files of a message: text files can be read in place and saved. */
import { type ReactNode, useState } from 'react';
import { Icon } from '../icons.tsx';
import type { Channel, SharedFile } from '../model.ts';

export function Files(props: {
  readonly channel: Channel;
  readonly files: readonly SharedFile[];
}): ReactNode {
  return props.files.map((file) => <FileCard key={file.id} channel={props.channel} file={file} />);
}

function FileCard({ channel, file }: { readonly channel: Channel; readonly file: SharedFile }): ReactNode {
  const [open, setOpen] = useState(false);
  const content = channel.files.find(({ id }) => id === file.id)?.content;
  return (
    <div className="file">
      <div className="file-head">
        <span className="file-icon" aria-hidden="true">
          <Icon name="file" />
        </span>
        <span className="file-name">
          <strong>{file.title || file.name}</strong>
          <small>
            {file.name} · {sizeOf(file.size)}
          </small>
        </span>
        {content !== undefined && (
          <>
            <button
              type="button"
              className="button small"
              aria-expanded={open}
              onClick={() => setOpen(!open)}
            >
              {open ? 'Hide' : 'Read'}
            </button>
            <a
              className="button small"
              download={file.name}
              href={`data:text/plain;charset=utf-8,${encodeURIComponent(content)}`}
            >
              Save
            </a>
          </>
        )}
      </div>
      {open && (
        <pre tabIndex={0} aria-label={file.name}>
          {content}
        </pre>
      )}
    </div>
  );
}

const sizeOf = (bytes: number): string => (bytes < 1000 ? `${bytes} B` : `${(bytes / 1000).toFixed(1)} kB`);
